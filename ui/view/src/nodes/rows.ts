// `rows`: the rows of a query, a window at a time, with how many there are and what it took, as a chart where that makes
// sense, and to be saved as CSV or Parquet.
import { nothing } from "lit";
import { html } from "../html.js";
import type { Column, Series, Source } from "../catalogue.js";
import { define } from "../node.js";
import { bytes, duration } from "../format.js";
import { failure } from "../parts/failure.js";
import { icon } from "../parts/icon.js";
import { columnsOf, isNumeric, isTime, type Shown } from "../parts/columns.js";
import { Rows } from "../parts/rows.js";
import { KdTableNode } from "../parts/table.js";
import { words } from "../words.js";

// What a chart is made of: more points than a screen has are of no use.
const CHART_ROWS = 1000;
const WINDOW = 200;

class KdRows extends KdTableNode<"rows"> {
  #result = "";
  #chart = false;
  #drawn: { x: number[]; type: string; series: Series[]; names: string[] } | undefined;
  #chartError: unknown;

  protected override tableLabel = (): string => this.props.text ?? words.table;

  protected override declared(_: Parameters<typeof columnsOf>[0], told: Parameters<typeof columnsOf>[1]): Shown[] {
    return columnsOf(undefined, told.length ? told : this.props.columns);
  }

  protected override showStatistics = (): boolean => true;

  protected override waitsFor = (): Source => ({ result: this.props.result });

  protected draw({ result, chart, columns }: KdTableNode<"rows">["props"]): unknown {
    this.recall();
    if (this.#result !== result) {
      const first = this.#result === "";
      this.rows?.stop();
      this.#result = result;
      this.#drawn = undefined;
      // Another result is another table; the first one is as its link says.
      this.#chart = first && chart === true && this.arranged("chart") === "1";
      if (!first) this.sort = [];
      this.rows = new Rows((window, signal) => this.view.host.rows({ result }, window, signal, { viewId: this.view.viewId, data: this.view.model.data }), () => this.requestUpdate());
      this.rows.columns = columns.map(({ name, type }) => ({ name, type }));
      this.rows.order(this.sort, "");
      if (this.#chart) void this.#plot();
    }
    const rows = this.rows!;
    const facts = [this.totalSays(rows), rows.bytes !== undefined ? words.read(bytes(rows.bytes, this.locale)) : "", rows.ms !== undefined ? words.in(duration(rows.ms, this.locale)) : ""].filter(Boolean);
    const save = (format: "csv" | "parquet") => this.view.host.resultUrl?.(result, format) ?? `/api/v1/results/${encodeURIComponent(result)}?format=${format}`;
    return html`<div class="kd-table-bar"><span class="kd-muted kd-number" role="status">${facts.join(" · ")}</span><span class="kd-spring"></span>
      ${chart && rows.length ? html`<button type="button" class="kd-button kd-button-small" aria-pressed=${this.#chart ? "true" : "false"} @click=${() => {
        this.#chart = !this.#chart;
        this.arrange("chart", this.#chart ? "1" : undefined);
        if (this.#chart && !this.#drawn) void this.#plot();
        this.requestUpdate();
      }}>${icon("chart")}<span>${words.chart}</span></button>` : nothing}
      ${this.#chart ? nothing : this.pagesToggle(rows)}
      <a class="kd-button kd-button-small" href=${save("csv")} download>${icon("download")}<span>${words.csv}</span></a><a class="kd-button kd-button-small" href=${save("parquet")} download>${icon("download")}<span>${words.parquet}</span></a></div>
      ${this.#chart ? this.#picture() : this.many(rows)}`;
  }

  #picture(): unknown {
    if (typeof this.#chartError === "string") return html`<p class="kd-note">${this.#chartError}</p>`;
    if (this.#chartError) return failure(this, this.#chartError, () => { this.#chartError = undefined; void this.#plot(); });
    const drawn = this.#drawn;
    if (!drawn) return this.skeleton();
    return html`<kd-plot .x=${drawn.x} .series=${drawn.series} .type=${drawn.type} .label=${this.tableLabel()} .locale=${this.locale}></kd-plot>`;
  }

  /** The first column is what the others are drawn over, if it is a number or a time; otherwise the place of the row. */
  async #plot(): Promise<void> {
    const { result } = this.props;
    const columns: Column[] = this.shown();
    const types = new Map(this.shown().map(({ key, of }) => [key, of]));
    try {
      const all: Record<string, unknown>[] = [];
      const abort = new AbortController();
      while (all.length < CHART_ROWS) {
        const page = await this.view.host.rows({ result }, { start: all.length, count: WINDOW, sort: this.sort, filter: "" }, abort.signal);
        all.push(...page.rows);
        if (page.rows.length < WINDOW) break;
      }
      if (result !== this.#result) return;
      const first = columns[0];
      const over = first && (isNumeric(types.get(first.key)) || isTime(types.get(first.key))) ? first : undefined;
      const time = over !== undefined && isTime(types.get(over.key));
      const numbers = columns.filter(({ key }) => key !== over?.key && isNumeric(types.get(key))).slice(0, 6);
      const number = (value: unknown) => (typeof value === "number" ? value : typeof value === "string" && value !== "" && Number.isFinite(Number(value)) ? Number(value) : null);
      const at = (row: Record<string, unknown>, index: number) => (over === undefined ? index : time ? (typeof row[over.key] === "number" ? (row[over.key] as number) : Date.parse(String(row[over.key]))) : number(row[over.key]) ?? NaN);
      const kept = all.map((row, index) => ({ row, x: at(row, index) })).filter(({ x }) => Number.isFinite(x));
      if (!numbers.length || !kept.length) this.#chartError = words.noChart;
      await import("../parts/plot.js");
      this.#drawn = { x: kept.map(({ x }) => x), type: time ? "time" : "number", names: [], series: numbers.map(({ key, label }) => ({ label, values: kept.map(({ row }) => number(row[key])) as number[] })) };
    } catch (error) {
      this.#chartError = error ?? new Error();
    }
    this.requestUpdate();
  }
}
define("rows", KdRows);
