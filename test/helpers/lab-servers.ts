import type { Server, ServerType } from "./servers";

/**
 * The members of `npm run lab`. RETORT_LAB_PRIMARY, _STANDBY, _POOLER (host:port) and _GALERA (three, separated by commas)
 * name others than those at its usual ports.
 */
export const lab = {
  primary: member("primary", "postgres", addressesOf("RETORT_LAB_PRIMARY", "127.0.0.1:55432")[0]!),
  standby: member("standby", "postgres", addressesOf("RETORT_LAB_STANDBY", "127.0.0.1:55433")[0]!),
  pooler: member("pooler", "postgres", addressesOf("RETORT_LAB_POOLER", "127.0.0.1:56432")[0]!),
  nodes: addressesOf("RETORT_LAB_GALERA", "127.0.0.1:53301,127.0.0.1:53302,127.0.0.1:53303").map((address, index) =>
    member(`node${index + 1}`, "mariadb", address),
  ),
};

export const labMembers: readonly Server[] = [lab.primary, lab.standby, lab.pooler, ...lab.nodes];

function member(name: string, type: ServerType, address: string): Server {
  const url = type === "postgres" ? `postgres://postgres@${address}/postgres` : `mysql://root@${address}/`;
  return { name: `lab ${name}`, type, title: `the lab's ${name}`, url: new URL(url), remedy: "npm run lab -- start" };
}

function addressesOf(variable: string, standard: string): string[] {
  return (process.env[variable] || standard).split(",");
}
