// What is on its way, for whoever shows it; the work itself is loaded when the first file comes (`queue.ts`).
import type { OfferedUndo } from "../actions/asking.js";
import { Store } from "../store.js";
import type { Problem } from "../transport/problem.js";
import type { Unfinished } from "./memory.js";
import type { Destination, Piece, Rate } from "./plan.js";

/** Where uploads that were not finished are remembered. */
export const KEPT_IN = "kamld";

/** Whether this browser ever began one: only then is what goes on with them worth its loading. */
export async function anyKept(): Promise<boolean> {
  try {
    return (await indexedDB.databases()).some(({ name }) => name === KEPT_IN);
  } catch {
    return true;
  }
}

export type JobState = "waiting" | "sending" | "paused" | "done" | "failed" | "stopped";

export interface Job {
  id: number;
  piece: Piece;
  state: JobState;
  sent: number;
  /** Of a resumable one. */
  url: string;
  problem: Problem | undefined;
  abort: AbortController | undefined;
  tries: number;
}

export interface Group {
  id: number;
  to: Destination;
  jobs: Job[];
  rate: Rate;
  started: number;
  files: number;
  bytes: number;
  /** What takes it back, of one that replaced nothing. */
  undo: OfferedUndo | undefined;
}

export interface GroupSums {
  sent: number;
  bytes: number;
  state: JobState;
  doneFiles: number;
}

export const filesOf = (piece: Piece): number => (piece.kind === "batch" ? piece.files.length : 1);

/** Where those of its files are that arrived. */
export const addressesOf = ({ to, jobs }: Group): string[] => jobs.filter(({ state }) => state === "done").flatMap(({ piece }) => (piece.kind === "batch" ? piece.files : [piece.file]).map(({ path }) => `${to.asset}/${path}`));

export function sums(group: Group): GroupSums {
  const has = (state: JobState): boolean => group.jobs.some((job) => job.state === state);
  const live = group.jobs.filter(({ state }) => state !== "stopped");
  return {
    sent: live.reduce((sum, { sent, state, piece }) => sum + (state === "done" ? piece.bytes : Math.min(sent, piece.bytes)), 0),
    bytes: live.reduce((sum, { piece }) => sum + piece.bytes, 0),
    doneFiles: group.jobs.reduce((sum, { piece, state }) => sum + (state === "done" ? filesOf(piece) : 0), 0),
    state: has("sending") ? "sending" : has("waiting") ? "waiting" : has("paused") ? "paused" : has("failed") ? "failed" : has("done") ? "done" : "stopped",
  };
}

/** A new array at each change. */
export const groups = new Store<Group[]>([]);
/** What a reload interrupted. */
export const left = new Store<Unfinished[]>([]);
