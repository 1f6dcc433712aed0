// What other plug-ins add to a table that says what its rows are about: which columns and commands, and the cells of the
// rows that are seen. A column has its room from the start and its cells come when they come, so that nothing moves; one
// that does not answer leaves its cells empty and says so in its head.
import type { Held, MenuItem } from "../catalogue.js";
import type { AddedColumn, Additions, ViewHost } from "../host.js";
import type { Row } from "./rows.js";

// A window of the contract is 200 rows; half of that keeps the first answer quick.
const AT_ONCE = 100;
// Rows that are scrolled past are not asked for.
const SETTLED = 40;
// While files come in everything changes all the time: cells are asked for again so often and no more.
const AGAIN = 500;
const KEPT = 5000;

export type Cell = { is: "waiting" } | { is: "here"; value: unknown } | { is: "nothing" };

const WAITING: Cell = { is: "waiting" };
const NOTHING: Cell = { is: "nothing" };

/** An address without its ref and without a slash at its end: what happens on one branch may be shown by another. */
const plain = (address: string): string => address.replace(/^([^/]*\/[^/@]*)@[^/]*/, "$1").replace(/\/$/, "");

/** Whether one of two addresses holds the other; the empty one holds all. */
export function holds(one: string, other: string): boolean {
  const [a, b] = [plain(one), plain(other)];
  const within = (inner: string, outer: string) => outer === "" || inner === outer || inner.startsWith(`${outer}/`);
  return within(a, b) || within(b, a);
}

class Column {
  readonly cells = new Map<string, Cell>();
  readonly stale = new Set<string>();
  asked = new Set<string>();
  failed = false;
  #abort = new AbortController();

  constructor(readonly of: AddedColumn, private readonly changed: () => void) {}

  stop(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.asked.clear();
  }

  /** Asks for what is not there, not asked for, and not past. */
  want(addresses: readonly string[]): void {
    if (this.failed) return;
    const missing = addresses.filter((address) => !this.asked.has(address) && (!this.cells.has(address) || this.stale.has(address)));
    for (let at = 0; at < missing.length; at += AT_ONCE) void this.#ask(missing.slice(at, at + AT_ONCE));
  }

  async #ask(addresses: string[]): Promise<void> {
    const { signal } = this.#abort;
    for (const address of addresses) {
      this.asked.add(address);
      this.stale.delete(address);
    }
    try {
      const values = await this.of.cells(addresses, signal);
      if (signal.aborted) return;
      addresses.forEach((address, index) => {
        const value = values[index];
        this.cells.set(address, value === null || value === undefined || value === "" ? NOTHING : { is: "here", value });
      });
      for (const old of this.cells.keys()) {
        if (this.cells.size <= KEPT) break;
        this.cells.delete(old);
      }
    } catch {
      if (signal.aborted) return;
      // What was known stays; the rest is empty until something changes.
      this.failed = true;
    }
    for (const address of addresses) this.asked.delete(address);
    this.changed();
  }
}

export class Added {
  #additions: Additions = { columns: [], commands: [] };
  #columns = new Map<string, Column>();
  #host: { of(): Additions; stop(): void } | undefined;
  #wanted: Row[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  /** Grows whenever a cell may look different. */
  version = 0;

  constructor(host: ViewHost, holds_: Held, private readonly key: string, viewId: string, private readonly changed: () => void) {
    this.#host = host.additions?.(holds_, key, viewId, (addresses) => this.#heard(addresses));
    this.#renew();
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
    for (const column of this.#columns.values()) column.stop();
    this.#host?.stop();
    this.#host = undefined;
  }

  get columns(): readonly AddedColumn[] {
    return this.#additions.columns;
  }

  get anyCommand(): boolean {
    return this.#additions.commands.length > 0;
  }

  commands(row: Row): MenuItem[] {
    const is = this.#is(row);
    return is === undefined ? [] : this.#additions.commands.filter(({ fits }) => fits(is)).map(({ item }) => item);
  }

  /** Those that take all of these rows. */
  commandsForMany(rows: readonly Row[]): MenuItem[] {
    const all = rows.map((row) => this.#is(row));
    return this.#additions.commands.flatMap(({ many, fits }) => (many && all.every((is) => is !== undefined && fits(is)) ? [many] : []));
  }

  /** Undefined where the column has nothing to do with the row. */
  cell(column: AddedColumn, row: Row): Cell | undefined {
    const is = this.#is(row);
    if (is === undefined || !column.fits(is)) return undefined;
    const kept = this.#columns.get(column.key);
    return kept?.cells.get(this.#address(row)) ?? (kept?.failed ? NOTHING : WAITING);
  }

  failed(column: AddedColumn): boolean {
    return this.#columns.get(column.key)?.failed === true;
  }

  /** These rows are seen now. */
  want(rows: readonly Row[]): void {
    this.#wanted = rows.filter((row) => this.#is(row) !== undefined);
    if (!this.#columns.size || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#ask();
    }, SETTLED);
  }

  #ask(): void {
    for (const column of this.#columns.values()) {
      column.want(this.#wanted.filter((row) => column.of.fits(this.#is(row)!)).map((row) => this.#address(row)));
    }
  }

  #is(row: Row): string | undefined {
    const { $is: is } = row;
    return typeof is === "string" && this.#address(row) !== "" ? is : undefined;
  }

  #address(row: Row): string {
    const address = row[this.key];
    return typeof address === "string" ? address : "";
  }

  #heard(addresses: readonly string[] | undefined): void {
    if (!addresses) {
      this.#renew();
      this.#changed();
      return this.#ask();
    }
    for (const column of this.#columns.values()) {
      if (column.failed) {
        column.failed = false;
        for (const address of column.cells.keys()) column.stale.add(address);
      }
      for (const address of column.cells.keys()) if (addresses.some((changed) => holds(changed, address))) column.stale.add(address);
      // The answer that is on its way may be from before.
      for (const address of column.asked) if (addresses.some((changed) => holds(changed, address))) column.stale.add(address);
    }
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      this.#ask();
    }, AGAIN);
  }

  /** What is added may be something else now. The cells of another version are asked for anew and stay until then. */
  #renew(): void {
    this.#additions = this.#host?.of() ?? { columns: [], commands: [] };
    const before = this.#columns;
    this.#columns = new Map();
    for (const of of this.#additions.columns) {
      const kept = before.get(of.key);
      if (kept?.of === of) {
        this.#columns.set(of.key, kept);
        before.delete(of.key);
        continue;
      }
      const column = new Column(of, () => this.#changed());
      for (const [address, cell] of kept?.cells ?? []) {
        column.cells.set(address, cell);
        column.stale.add(address);
      }
      this.#columns.set(of.key, column);
    }
    for (const column of before.values()) column.stop();
  }

  #changed(): void {
    this.version++;
    this.changed();
  }
}
