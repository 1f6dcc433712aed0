// What was done in this session, newest first, each with Undo where there is one: the toast goes, this stays. Kept for
// the session of the tab; what can be undone after a reload is in the history of the asset.
import { Store } from "../store.js";

export interface Entry {
  id: number;
  text: string;
  when: number;
  state: "done" | "undoing" | "undone";
  canUndo: boolean;
  undo(): Promise<void>;
}

export const journal = new Store<Entry[]>([]);
const KEPT = 50;
let counter = 0;

function change(id: number, state: Entry["state"]): void {
  journal.update((all) => all.map((entry) => (entry.id === id ? { ...entry, state } : entry)));
}

export function remember(text: string, undo: (() => Promise<boolean>) | undefined): Entry {
  const id = ++counter;
  const entry: Entry = {
    id, text, when: Date.now(), state: "done", canUndo: undo !== undefined,
    undo: async () => {
      const now = journal.value.find((one) => one.id === id);
      if (!undo || now?.state !== "done") return;
      change(id, "undoing");
      change(id, (await undo()) ? "undone" : "done");
    },
  };
  journal.update((all) => [entry, ...all].slice(0, KEPT));
  return entry;
}

/** Takes back what was done last, of what can be. */
export const undoLast = (): Promise<void> | undefined => journal.value.find(({ canUndo, state }) => canUndo && state === "done")?.undo();
