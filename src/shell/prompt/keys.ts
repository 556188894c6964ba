import { emitKeypressEvents } from "node:readline";

/** A key that was pressed, or a text that was pasted. */
export interface Key {
  /** `a`, `left`, `return`, `paste`, … with modifiers before it: `ctrl-a`, `meta-b`, `shift-tab`. */
  readonly name: string;
  /** The text it inserts; empty for other keys. */
  readonly text: string;
}

type RawKey = { name?: string; ctrl?: boolean; meta?: boolean; shift?: boolean; sequence?: string; code?: string };

/** Decodes keys; pasted text comes as one key. */
export class Keyboard {
  private pasted: string | undefined;
  private readonly listener: (text: string | undefined, key: RawKey) => void;

  constructor(
    private readonly input: NodeJS.ReadStream,
    press: (key: Key) => void,
  ) {
    this.listener = (text, key) => {
      const pressed = this.read(text, key);
      if (pressed) press(pressed);
    };
    emitKeypressEvents(input);
    input.on("keypress", this.listener);
  }

  close(): void {
    this.input.off("keypress", this.listener);
  }

  private read(text: string | undefined, key: RawKey): Key | undefined {
    if (key.name === "paste-start") {
      this.pasted = "";
      return undefined;
    }
    if (key.name === "paste-end") {
      const whole = (this.pasted ?? "").replace(/\r\n?/g, "\n");
      this.pasted = undefined;
      return whole === "" ? undefined : { name: "paste", text: whole };
    }
    if (this.pasted !== undefined) {
      this.pasted += key.sequence ?? text ?? "";
      return undefined;
    }
    return named(text, key);
  }
}

function named(text: string | undefined, key: RawKey): Key {
  const name = key.sequence === "\x1f" ? "ctrl-_" : (key.name ?? "");
  if (name === "ctrl-_") return { name, text: "" };
  // Escape followed at once by Ctrl-C comes with `meta`.
  if (key.ctrl && name === "c") return { name: "ctrl-c", text: "" };
  const modifiers = [key.ctrl && "ctrl", key.meta && "meta", key.shift && name.length > 1 && "shift"].filter(Boolean);
  const typed = text !== undefined && !key.ctrl && !key.meta && isPrintable(text) ? text : "";
  return { name: [...modifiers, name].join("-"), text: typed };
}

function isPrintable(text: string): boolean {
  return !/[\x00-\x1f\x7f]/.test(text);
}
