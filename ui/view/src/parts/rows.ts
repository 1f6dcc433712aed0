// Rows of a source, a block at a time: what is seen is fetched, what was seen is kept for a while, what is no longer
// wanted is cancelled. Rows that are in the view already look the same from outside.
import type { RowsPage, SourceColumn, Statistic, Window } from "../host.js";

const BLOCK = 100;
// 60 blocks of 100 rows: some screens up and down without fetching again, and far from what a tab can hold.
const KEPT = 60;
const AT_ONCE = 4;
// How soon it is asked again how many rows there are, and how often: each pause is twice the one before, a minute in all.
const LOOK_AGAIN = 250;
const LOOKS = 8;
// After a second one sees that something goes on, after ten that it is still at work.
const SLOW = 1000;
const LONG = 10_000;

export type Row = Record<string, unknown>;
type Fetch = (window: Window, signal: AbortSignal) => Promise<RowsPage>;

export class Rows {
  columns: SourceColumn[] = [];
  statistics: Statistic[] | undefined;
  /** Whether statistics are on their way: the first ones have their room meanwhile, so that no row moves when they come. */
  measuring = false;
  /** Rows so far known. */
  total = 0;
  complete = false;
  ms: number | undefined;
  bytes: number | undefined;
  error: unknown;
  /** Whether anything has arrived. */
  started = false;
  /** Whether there were rows before they were put in another order: they keep their room meanwhile. */
  again = false;
  /** How long the first rows are waited for: 1 from a second on, 2 from ten. */
  slow = 0;
  /** A person did not want to wait. */
  stopped = false;
  sort: [string, boolean][] = [];
  filter = "";
  #blocks = new Map<number, Row[]>();
  #asked = new Map<number, AbortController>();
  #generation = 0;
  #look: ReturnType<typeof setTimeout> | undefined;
  #looks = 0;
  #patience: ReturnType<typeof setTimeout>[] = [];
  /** Whether the statistics are of a part of the rows: those that were read by then. */
  #partly = false;
  /** The filter that they were measured under. */
  #measured: string | undefined;
  /** Of two measurements that are under way, the later counts. */
  #turn = 0;

  constructor(private readonly fetch: Fetch, private readonly changed: () => void, private readonly wantStatistics = false) {
    this.measuring = wantStatistics;
  }

  row(index: number): Row | undefined {
    return this.#blocks.get(Math.floor(index / BLOCK))?.[index % BLOCK];
  }

  /** How many rows there is room for: those known, and a few more while it is not known how many there are. */
  get length(): number {
    return this.total;
  }

  get busy(): boolean {
    return this.#asked.size > 0;
  }

  order(sort: [string, boolean][], filter: string): void {
    this.sort = sort;
    this.filter = filter;
    this.reset();
  }

  reset(): void {
    this.stop();
    this.#generation++;
    this.#blocks.clear();
    this.error = undefined;
    this.again ||= this.started;
    this.started = false;
    this.complete = false;
    this.#looks = 0;
    if (!this.again) this.total = 0;
    this.#begin();
  }

  retry(): void {
    this.#begin();
    this.changed();
  }

  #begin(): void {
    this.error = undefined;
    this.stopped = false;
    this.#patience = [setTimeout(() => this.#late(1), SLOW), setTimeout(() => this.#late(2), LONG)];
    this.want(0, BLOCK);
  }

  #late(step: number): void {
    if (this.started) return;
    this.slow = step;
    this.changed();
  }

  /** Nobody waits for them any more. */
  giveUp(): void {
    this.stop();
    this.stopped = true;
    this.changed();
  }

  stop(): void {
    clearTimeout(this.#look);
    for (const timer of this.#patience) clearTimeout(timer);
    this.slow = 0;
    for (const abort of this.#asked.values()) abort.abort();
    this.#asked.clear();
  }

  /** Whether all rows of a range are there. */
  has(start: number, end: number): boolean {
    for (let block = Math.floor(start / BLOCK); block * BLOCK < Math.min(end, this.total); block++) if (!this.#blocks.has(block)) return false;
    return this.started;
  }

  /** Sees to it that rows are there soon; what was asked for elsewhere and is not there yet is given up. */
  want(start: number, end: number): void {
    if (this.error || this.stopped) return;
    const first = Math.floor(Math.max(0, start) / BLOCK);
    const last = Math.floor(Math.max(0, end - 1) / BLOCK);
    for (const [block, abort] of this.#asked) {
      if (block >= first - 1 && block <= last + 1) continue;
      abort.abort();
      this.#asked.delete(block);
    }
    for (let block = first; block <= last; block++) {
      if (this.#blocks.has(block) || this.#asked.has(block) || this.#asked.size >= AT_ONCE) continue;
      if (this.started && this.complete && block * BLOCK >= this.total) continue;
      void this.#fetch(block);
    }
  }

  async #fetch(block: number): Promise<void> {
    const generation = this.#generation;
    const abort = new AbortController();
    this.#asked.set(block, abort);
    const first = !this.started;
    try {
      const page = await this.fetch({ start: block * BLOCK, count: BLOCK, sort: this.sort, filter: this.filter }, abort.signal);
      if (generation !== this.#generation || abort.signal.aborted) return;
      this.#keep(block, page);
      if (first && this.wantStatistics && this.#measured !== this.filter) void this.#measure();
    } catch (error) {
      if (generation !== this.#generation || abort.signal.aborted) return;
      this.error = error ?? new Error();
      this.stop();
    } finally {
      if (this.#asked.get(block) === abort) this.#asked.delete(block);
    }
    this.changed();
  }

  /** Apart from the rows, which are not to wait for it. They are of what the filter leaves, in whichever order. */
  async #measure(): Promise<void> {
    const { filter } = this;
    const turn = ++this.#turn;
    this.#measured = filter;
    this.measuring = true;
    this.#partly = !this.complete;
    // Rows without statistics are still rows.
    const page = await this.fetch({ start: 0, count: 1, sort: [], filter, statistics: true }, new AbortController().signal).catch(() => undefined);
    if (filter !== this.filter || turn !== this.#turn) return;
    if (page) this.statistics = page.statistics ?? [];
    this.measuring = false;
    this.changed();
  }

  #measureWhole(): void {
    if (this.complete && this.#partly) void this.#measure();
  }

  /** The source is still being read: how many rows there are is known later, whether or not anybody scrolls. */
  #lookAgain(): void {
    clearTimeout(this.#look);
    if (this.complete || this.#looks >= LOOKS) return;
    const generation = this.#generation;
    this.#look = setTimeout(async () => {
      try {
        const page = await this.fetch({ start: 0, count: 1, sort: this.sort, filter: this.filter }, new AbortController().signal);
        if (generation !== this.#generation || this.complete) return;
        if (page.total !== null) this.total = page.total;
        this.complete = page.total !== null && page.complete;
        this.#measureWhole();
        this.changed();
      } catch {
        // The rows that are there stay; scrolling on tells what is wrong.
      }
      this.#lookAgain();
    }, LOOK_AGAIN * 2 ** this.#looks++);
  }

  #keep(block: number, page: RowsPage): void {
    if (!this.started) this.total = 0;
    this.started = true;
    this.slow = 0;
    if (page.columns?.length) this.columns = page.columns;
    this.ms ??= page.ms;
    this.bytes = page.bytes ?? this.bytes;
    this.#blocks.set(block, page.rows);
    const seen = block * BLOCK + page.rows.length;
    if (page.total !== null) {
      this.total = page.total;
      this.complete = page.complete;
    } else if (page.rows.length < BLOCK) {
      this.total = Math.max(this.total, seen);
      this.complete = true;
    } else {
      // One block more than is known, so that one can scroll on.
      this.total = Math.max(this.total, seen + (page.complete ? 0 : BLOCK));
      this.complete = page.complete;
    }
    this.#measureWhole();
    this.#lookAgain();
    for (const old of this.#blocks.keys()) {
      if (this.#blocks.size <= KEPT) break;
      if (Math.abs(old - block) > 4) this.#blocks.delete(old);
    }
  }
}

/** Rows of the view itself, put in order and narrowed here. */
export function arrange(rows: readonly Row[], sort: [string, boolean][], filter: string, text: (row: Row) => string, locale: string): Row[] {
  const wanted = filter.trim().toLocaleLowerCase(locale);
  const found = wanted ? rows.filter((row) => text(row).toLocaleLowerCase(locale).includes(wanted)) : [...rows];
  if (!sort.length) return found;
  const collator = new Intl.Collator(locale, { numeric: true, sensitivity: "base" });
  const compare = (a: unknown, b: unknown): number => {
    const [none, other] = [a === null || a === undefined || a === "", b === null || b === undefined || b === ""];
    if (none || other) return none === other ? 0 : none ? 2 : -2;
    if (typeof a === "number" && typeof b === "number") return Math.sign(a - b);
    return Math.sign(collator.compare(Array.isArray(a) ? a.join() : String(a), Array.isArray(b) ? b.join() : String(b)));
  };
  return found.sort((one, two) => {
    for (const [key, descending] of sort) {
      const by = compare(one[key], two[key]);
      // Empty cells are last, whichever way.
      if (by !== 0) return Math.abs(by) === 2 ? by : descending ? -by : by;
    }
    return 0;
  });
}
