// `table`: rows under columns. Up to 200 rows of the view itself are a plain table; more, and rows of a source, are
// windowed. What both can do is in `parts/table.ts`.
import { nothing } from "lit";
import { html } from "../html.js";
import type { MenuItem, SelectMode } from "../catalogue.js";
import { define } from "../node.js";
import { say } from "../format.js";
import { Added } from "../parts/added.js";
import { arrange, Rows, type Row } from "../parts/rows.js";
import { KdTableNode } from "../parts/table.js";
import { words } from "../words.js";
import { same } from "../values.js";

const PLAIN_ROWS = 200;

class KdTable extends KdTableNode<"table"> {
  #source: unknown;
  #given: readonly Row[] = [];
  #holds = "";

  protected override tableLabel = (): string => this.props.label ?? words.table;
  protected override selectMode = (): SelectMode => this.props.select ?? "none";
  protected override rowActions = (): readonly MenuItem[] => this.props["row-actions"] ?? [];
  protected override bulkActions = (): readonly MenuItem[] => this.props.actions ?? [];
  protected override keyColumn = (): string | undefined => this.props.key;
  protected override boundSelection = (): string | undefined => this.props.bind;
  protected override showStatistics = (): boolean => this.props.statistics === true;

  protected draw({ rows, source, filter, bind, statistics }: KdTableNode<"table">["props"]): unknown {
    if (bind !== undefined) this.read(bind);
    this.recall();
    this.#extend();
    const given: readonly Row[] = rows ?? [];
    if (!source) this.settle(given);
    this.#begin(source ?? (given.length > PLAIN_ROWS ? { rows: "" } : undefined), given, statistics === true);
    const bar = filter !== undefined || this.selectedRows().length || this.rows
      ? html`<div class="kd-table-bar">${this.filterField(filter)}${this.bulk()}<span class="kd-spring"></span>${this.rows ? html`<span class="kd-muted kd-number" role="status">${this.totalSays(this.rows)}</span>${this.pagesToggle(this.rows)}` : nothing}</div>` : nothing;
    if (this.rows) return html`${bar}${this.many(this.rows)}`;
    const shown = arrange(given, this.sort, this.filter, this.#textOf, this.locale);
    return html`${given.length ? bar : nothing}${shown.length ? this.plain(shown) : this.nothingThere()}`;
  }

  #textOf = (row: Row): string => this.shown().map(({ key, type }) => {
    const cell = row[key];
    return Array.isArray(cell) ? cell.join(" ") : `${say(type, cell, this.locale).text} ${typeof cell === "string" ? cell : ""}`;
  }).join(" ");

  /** The rows behind a source, made anew only when the source is another one. */
  #begin(source: unknown, given: readonly Row[], statistics: boolean): void {
    const isGiven = !this.props.source;
    if (source === undefined) {
      this.rows?.stop();
      this.rows = undefined;
      this.#source = undefined;
      return;
    }
    if (this.rows && same(this.#source, source) && (!isGiven || given === this.#given)) return;
    this.rows?.stop();
    this.#source = source;
    this.#given = given;
    const changed = () => this.#arrived();
    const here = async ({ start, count, sort, filter }: { start: number; count: number; sort: [string, boolean][]; filter: string }) => {
      const all = arrange(this.#given, sort, filter, this.#textOf, this.locale);
      return { rows: all.slice(start, start + count), total: all.length, complete: true };
    };
    this.rows = new Rows(isGiven ? here : (window, signal) => this.view.host.rows(this.props.source!, window, signal, { viewId: this.view.viewId, data: this.view.model.data }), changed, statistics);
    this.rows.order(this.sort, this.filter);
  }

  /** Begins to ask what other plug-ins add, when the rows are about something. */
  #extend(): void {
    const { holds, key } = this.props;
    const now = holds && key ? `${holds} ${key}` : "";
    if (this.#holds === now && (now === "") === (this.added === undefined)) return;
    this.added?.stop();
    this.#holds = now;
    this.added = now ? new Added(this.view.host, holds!, key!, this.view.viewId, () => this.requestUpdate()) : undefined;
  }

  #arrived(): void {
    this.requestUpdate();
  }

  protected override nothingThere(): unknown {
    const { empty, "empty-view": view } = this.props;
    if (this.filter) return super.nothingThere();
    if (view !== undefined && this.node.children?.includes(view)) return this.kids([view]);
    return html`<p class="kd-muted kd-no-rows">${empty ?? words.noRows}</p>`;
  }
}
define("table", KdTable);
