// Keys of the shell. Those without Ctrl or Cmd can be switched off (WCAG 2.1.4) and never act while one types.
import { preferences } from "../settings/preferences.js";
import { t } from "../words/words.js";
import type { WordKey } from "../words/en.js";

export interface Key {
  /** As it is shown. */
  keys: string[];
  what: WordKey;
  single: boolean;
}

export const mac = /Mac|iPhone|iPad/.test(navigator.platform);
const mod = mac ? "⌘" : "Ctrl";

export const KEYS: Key[] = [
  { keys: [mod, "K"], what: "keys.palette", single: false },
  { keys: ["/"], what: "keys.box", single: true },
  { keys: ["Alt", "↵"], what: "keys.switch", single: false },
  { keys: ["?"], what: "keys.help", single: true },
  { keys: ["g", "h"], what: "keys.home", single: true },
  { keys: ["g", "1…9"], what: "keys.area", single: true },
  { keys: ["u"], what: "keys.upload", single: true },
  { keys: ["t"], what: "keys.tasks", single: true },
  { keys: ["z"], what: "keys.undo", single: true },
  { keys: ["s"], what: "keys.side", single: true },
  { keys: ["Esc"], what: "keys.escape", single: false },
];

export interface KeyActions {
  palette(): void;
  box(): void;
  help(): void;
  home(): void;
  area(index: number): void;
  upload(): void;
  tasks(): void;
  undo(): void;
  side(): void;
}

const TYPING = "input, textarea, select, [contenteditable], [role=textbox], .cm-editor";

export class Keys {
  #pending = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly actions: KeyActions) {
    document.addEventListener("keydown", this.#down);
  }

  get single(): boolean {
    return preferences.value.keys;
  }

  #down = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return this.actions.palette();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !this.single) return;
    // Within an editor too, which is in a tree of its own.
    const within = (what: string): boolean => event.composedPath().some((one) => one instanceof Element && one.matches(what));
    if (document.querySelector("dialog[open]") || within(TYPING) || within("[role=menu], [role=grid]")) return;
    const run = this.#meaning(event.key);
    if (!run) return;
    event.preventDefault();
    run();
  };

  #meaning(key: string): (() => void) | undefined {
    const { actions } = this;
    if (this.#pending === "g") {
      this.#pending = "";
      if (key === "h") return actions.home;
      if (/^[1-9]$/.test(key)) return () => actions.area(Number(key) - 1);
    }
    switch (key) {
      case "/": return actions.box;
      case "?": return actions.help;
      case "u": return actions.upload;
      case "t": return actions.tasks;
      case "z": return actions.undo;
      case "s": return actions.side;
      case "g":
        this.#pending = "g";
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => { this.#pending = ""; }, 1500);
        return () => {};
    }
    return undefined;
  }
}

export const keyWords = (key: Key): string => `${key.keys.join(" ")} ${t(key.what)}`;
