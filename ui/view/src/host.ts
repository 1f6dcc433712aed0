// The seam between the view and whoever shows it (the shell, JupyterLab, a test): what the elements ask of their host.
// Nothing here draws; nothing in `view` reaches the network, the address bar or the clipboard but through this.
import type { Action, Held, MenuItem, Node, Source, Target, ValueType } from "./catalogue.js";
import type { Json } from "./values.js";

export type { Action, Node, Source, Target };

/** What surrounds an action when a person chooses it. */
export interface ActionContext {
  viewId: string;
  /** The node that it belongs to. */
  node: Node;
  /** The row that it belongs to. */
  row?: Record<string, unknown>;
  /** The selected rows, where an action is about many. */
  selection?: Record<string, unknown>[];
  /** What the input holds now. */
  value?: unknown;
  /** Whether the person chose this very element, by a click or a key; false for what is asked while they type. */
  chosen: boolean;
  /** Where the person is: for popovers, and to give the focus back. */
  anchor: HTMLElement;
  /** The data model at this moment; do not change it, call `set`. */
  data: Json;
  /** Puts values into the data model, by JSON pointer. */
  set(values: Record<string, unknown>): void;
}

export interface Window {
  start: number;
  count: number;
  /** Keys of columns, most important first; true is descending. */
  sort: [string, boolean][];
  filter: string;
  statistics?: boolean;
}

export interface SourceColumn {
  name: string;
  /** A SQL or Arrow type, or a `ValueType`. */
  type: string;
  nullable?: boolean;
}

/** Of one column, over the rows that were read. */
export interface Statistic {
  distinct?: number | null;
  nulls?: number | null;
  min?: unknown;
  max?: unknown;
  bars?: number[];
}

export interface RowsPage {
  columns?: SourceColumn[];
  rows: Record<string, unknown>[];
  total: number | null;
  /** Whether `total` is the last word. */
  complete: boolean;
  /** In the order of `columns`. */
  statistics?: Statistic[];
  ms?: number;
  bytes?: number;
}

/** As `GET /api/v1/commands` answers. */
export interface CommandArgument {
  name: string;
  help: string;
  type: "text" | "integer" | "number" | "boolean" | "project" | "asset" | "address" | "ref";
  required?: boolean;
  repeated?: boolean;
  choices?: string[];
  default?: unknown;
  place?: string;
  short?: string | null;
}

export interface CommandDeclaration {
  name: string[];
  summary: string;
  about?: string;
  arguments: CommandArgument[];
  effect: "read" | "write" | "destroy";
}

/** A column that another plug-in adds to a table. */
export interface AddedColumn {
  /** Unlike the key of any other column. */
  key: string;
  label: string;
  type: ValueType;
  /** The plug-in, in words for a person. */
  by: string;
  /** Whether it has something to say of a row that is this: a kind of asset, a media type. */
  fits(is: string): boolean;
  /** One value for each address, in their order. */
  cells(addresses: string[], signal: AbortSignal): Promise<unknown[]>;
}

/** A command that another plug-in offers for the rows of a table. */
export interface AddedCommand {
  /** For one row. */
  item: MenuItem;
  /** For all that are selected; missing where the command takes one. */
  many?: MenuItem;
  fits(is: string): boolean;
}

export interface Additions {
  columns: AddedColumn[];
  commands: AddedCommand[];
}

/** What an error of the host may carry as `problem`: it is shown in place of whatever the error says itself. */
export interface Problem {
  /** What happened. */
  detail: string;
  /** What was kept and what to do. */
  help?: string;
  /** The id under which whoever looks after the server finds it. */
  trace?: string;
}

export interface ViewHost {
  /**
   * Runs an action. The values of `arguments`, `set`, `undo` and of targets are resolved already (`values.ts`): they
   * must not be resolved again, since what a person typed may look like a reference. `set` was done by the view; it
   * comes here only with `reopen`. Resolves when it is over (the button is busy until then), with false when it
   * did not happen; never rejects for what the person was already told.
   */
  act(action: Action, context: ActionContext): Promise<boolean | void>;
  rows(source: Source, window: Window, signal: AbortSignal, context?: { viewId: string; data: Json }): Promise<RowsPage>;
  /** A real URL: middle click and "copy link" work. */
  href(target: Target): string;
  objectUrl(address: string, options?: { download?: boolean }): string;
  bytes(address: string, start: number, length: number, signal: AbortSignal): Promise<ArrayBuffer>;
  markdown(text: string, base?: string): Promise<TrustedHTML | string>;
  /** For the kind `command`, and forms that ask. */
  command(words: string[]): CommandDeclaration | undefined;
  /** A BCP 47 tag. */
  locale: string;

  /**
   * What other plug-ins add to a table of these, whose rows have their address in the cell `key`. `changed` is called
   * when that may be different: without addresses for what is added, with them for the cells of what they hold.
   * Missing: nothing is added.
   */
  additions?(holds: Held, key: string, viewId: string, changed: (addresses?: readonly string[]) => void): { of(): Additions; stop(): void };
  /**
   * How a person arranged what they look at (order, filter, row, tab), by a name that is unique in the view: part of the
   * link to it, and no part of its data. Missing: it begins anew each time.
   */
  arranged?(viewId: string, name: string): string | undefined;
  arrange?(viewId: string, name: string, value: string | undefined): void;
  /** Files were dropped on a `drop` node; missing: the node only offers to choose files (`act` with `upload`). */
  drop?(to: string, transfer: DataTransfer, context: ActionContext): void;
  /** Ends the work on the server that a source waits for; missing: nobody can stop it. */
  stop?(source: Source): Promise<void>;
  /** Where the result of a query is saved from; missing: `/api/v1/results/ID?format=FORMAT`. */
  resultUrl?(result: string, format: "csv" | "parquet"): string;
}
