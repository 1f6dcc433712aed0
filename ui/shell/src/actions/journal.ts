// What a person did from this browser, newest first, each with Undo where there is one: the toast goes, this stays for
// thirty days (bar 28 of the study). Commands only, no results: what Undo needs and not more. Kept in this browser, for
// the person who did it.
import { Store } from "../store.js";
import { newKey } from "../transport/socket.js";
import type { OfferedUndo } from "./asking.js";

export interface Entry {
  id: string;
  text: string;
  /** Milliseconds since 1970. */
  when: number;
  /** The person's id. */
  by: string;
  /** The project that the command was run in, or empty. */
  project: string;
  state: "done" | "undone";
  undo?: OfferedUndo;
}

const KEY = "kamld.journal";
export const KEPT_MS = 30 * 24 * 60 * 60 * 1000;
const MOST = 500;
// What can no longer be taken back from here is in the history of its asset: of a thousand paths none are kept here.
const LARGEST = 16_384;

export const journal = new Store<Entry[]>(stored());
/** The ids of what is being taken back now. */
export const undoing = new Store<ReadonlySet<string>>(new Set());

function stored(): Entry[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(value) ? (value as Entry[]).filter(({ when }) => Date.now() - when < KEPT_MS).map(known) : [];
  } catch {
    return [];
  }
}

/** What does not say which plug-in offered it is not done in the person's name. */
function known(entry: Entry): Entry {
  if (typeof entry.undo?.asks === "string" && entry.undo.asks) return entry;
  const { undo: _, ...rest } = entry;
  return rest;
}

/** Another tab may have written since: what it added stays. */
function change(by: (all: Entry[]) => Entry[]): void {
  const known = new Map([...stored(), ...journal.value].map((entry) => [entry.id, entry]));
  const all = by([...known.values()].sort((a, b) => b.when - a.when)).slice(0, MOST);
  journal.set(all);
  try {
    localStorage.setItem(KEY, JSON.stringify(all.filter((entry) => JSON.stringify(entry).length <= LARGEST)));
  } catch { /* a browser that keeps nothing still has it until the page goes */ }
}

export function remember(entry: Omit<Entry, "id" | "when" | "state">): Entry {
  const kept: Entry = { ...entry, id: newKey(), when: Date.now(), state: "done" };
  change((all) => [kept, ...all]);
  return kept;
}

/** What a person did, newest first. */
export const done = (by: string): Entry[] => journal.value.filter((entry) => entry.by === by);

export const isOpen = ({ undo, state }: Entry): boolean => undo !== undefined && state === "done";

/** Whether it can be taken back now: once, and not while it is being. */
export function begin(id: string): boolean {
  const now = journal.value.find((entry) => entry.id === id);
  if (!now || !isOpen(now) || undoing.value.has(id)) return false;
  undoing.update((all) => new Set([...all, id]));
  return true;
}

export function end(id: string, undone: boolean): void {
  undoing.update((all) => new Set([...all].filter((one) => one !== id)));
  if (undone) change((all) => all.map((entry) => (entry.id === id ? { ...entry, state: "undone" } : entry)));
}

/** Somebody who leaves leaves nothing behind. */
export const forgetAll = (): void => {
  journal.set([]);
  try {
    localStorage.removeItem(KEY);
  } catch { /* it kept nothing */ }
};

addEventListener("storage", (event) => {
  if (event.key === KEY) journal.set(stored());
});
