import os from "node:os";
import path from "node:path";

export const HOST = "127.0.0.1";

/** Ports of the lab; `--offset` moves all of them, so that a test can have a lab of its own. */
const PORTS = { primary: 55432, standby: 55433, pooler: 56432, node1: 53301, node2: 53302, node3: 53303 };

export const NODE_NAMES = ["node1", "node2", "node3"];

export const defaultFolder = () => path.join(os.tmpdir(), "retort-lab");

/** Where a member lives: everything of it, its data, log and process id, is in its folder. */
export function place(lab, name) {
  return { name, folder: path.join(lab.folder, name), port: PORTS[name] + lab.offset };
}

/** What `start` prints: the addresses of the members, as the tests read them from the environment. */
export function addresses(lab) {
  const at = (name) => `${HOST}:${place(lab, name).port}`;
  return {
    RETORT_LAB_PRIMARY: at("primary"),
    RETORT_LAB_STANDBY: at("standby"),
    RETORT_LAB_POOLER: at("pooler"),
    RETORT_LAB_GALERA: NODE_NAMES.map(at).join(","),
  };
}
