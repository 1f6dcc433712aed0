// <kd-plot>: lines over a line of numbers or times, by uPlot, and the same as a table for whoever cannot see it. The
// only place that knows uPlot. It draws on a canvas, so colours are read from the tokens and read again with the theme.
import { LitElement, nothing } from "lit";
import { html } from "../html.js";
import uPlot from "uplot";
import type { Series } from "../catalogue.js";
import { say } from "../format.js";
import { words } from "../words.js";
import { icon } from "./icon.js";

const COLOURS = 6;
const TABLE_ROWS = 200;
const HEIGHT = 260;

export class KdPlot extends LitElement {
  static override properties = { x: { attribute: false }, series: { attribute: false }, type: { attribute: false }, label: { attribute: false }, locale: { attribute: false }, asTable: { state: true } };
  declare x: number[];
  declare series: Series[];
  declare type: string;
  declare label: string;
  declare locale: string;
  declare asTable: boolean;
  #plot: uPlot | undefined;
  #resize = new ResizeObserver(() => this.#fit());
  #theme = new MutationObserver(() => this.#make());
  #media = matchMedia("(prefers-color-scheme: dark)");
  #themed = (): void => this.#make();
  /** The stretch of x that is seen, once a chart is drawn. */
  #seen: [number, number] | undefined;

  constructor() {
    super();
    this.x = [];
    this.series = [];
    this.type = "number";
    this.label = "";
    this.locale = "en";
    this.asTable = false;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
    this.#theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    this.#media.addEventListener("change", this.#themed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
    this.#theme.disconnect();
    this.#media.removeEventListener("change", this.#themed);
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  protected override render(): unknown {
    const tool = (name: string, sign: string, act: () => void) => html`<button type="button" class="kd-button kd-button-quiet kd-button-small kd-button-icon" title=${name} @click=${act}>${icon(sign)}<span class="kd-hidden">${name}</span></button>`;
    // Dragging over the chart shows a stretch of it; the buttons do the same without dragging.
    return html`<figure><div class="kd-spread"><figcaption class="kd-label">${this.label}</figcaption>
      <div class="kd-buttons">${this.asTable ? nothing : html`<span class="kd-muted kd-number kd-plot-seen" role="status">${this.#seen ? words.range(this.#x(this.#seen[0]), this.#x(this.#seen[1])) : nothing}</span>
        ${tool(words.zoomOut, "zoom-out", () => this.#zoom(2))}${tool(words.zoomIn, "zoom-in", () => this.#zoom(0.5))}${tool(words.fit, "fit", () => this.#zoom(Infinity))}`}
      <button type="button" class="kd-button kd-button-quiet kd-button-small" aria-pressed=${this.asTable ? "true" : "false"} @click=${() => { this.asTable = !this.asTable; }}>${icon("table")}<span>${words.table}</span></button></div></div>
      <ul class="kd-legend" ?hidden=${this.asTable}>${this.series.map(({ label }, index) => html`<li><svg viewBox="0 0 16 8" aria-hidden="true"><path class="kd-series-${(index % COLOURS) + 1}" d="M0 4h16"></path></svg>${label}</li>`)}</ul>
      <div class="kd-plot-box" role="img" aria-label=${this.#says()} ?hidden=${this.asTable}></div>
      ${this.asTable ? this.#table() : nothing}</figure>`;
  }

  #says(): string {
    const ranges = this.series.map(({ label, values }) => {
      const numbers = values.filter((value) => value !== null);
      if (!numbers.length) return label;
      return `${label}: ${words.range(say("number", numbers.reduce((a, b) => Math.min(a, b)), this.locale).text, say("number", numbers.reduce((a, b) => Math.max(a, b)), this.locale).text)}`;
    });
    return `${this.label}. ${ranges.join(". ")}`;
  }

  #table(): unknown {
    const rows = this.x.slice(0, TABLE_ROWS);
    return html`<div class="kd-plain-scroll" tabindex="0" role="region" aria-label=${this.label}><table class="kd-plain"><thead><tr><th scope="col">${this.type === "time" ? words.time : "x"}</th>${this.series.map(({ label }) => html`<th scope="col" class="kd-end">${label}</th>`)}</tr></thead>
      <tbody>${rows.map((x, index) => html`<tr><th scope="row">${this.#x(x)}</th>${this.series.map(({ values }) => html`<td class="kd-end kd-number">${values[index] === null || values[index] === undefined ? nothing : say("number", values[index], this.locale).text}</td>`)}</tr>`)}</tbody></table></div>
      ${this.x.length > TABLE_ROWS ? html`<p class="kd-muted">${words.cut(say("count", this.x.length - TABLE_ROWS, this.locale).text)}</p>` : nothing}`;
  }

  #x(value: number): string {
    if (this.type !== "time") return say(this.type, value, this.locale).text;
    return new Intl.DateTimeFormat(this.locale, { dateStyle: "short", timeStyle: "medium" }).format(value);
  }

  protected override updated(changed: Map<string, unknown>): void {
    if (changed.has("x") || changed.has("series") || changed.has("type") || !this.#plot) this.#make();
    else this.#fit();
  }

  #colour(name: string): string {
    const probe = document.createElement("span");
    probe.style.setProperty("color", `var(${name})`);
    this.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }

  #make(): void {
    const box = this.querySelector<HTMLElement>(".kd-plot-box");
    if (!box || !this.isConnected) return;
    this.#plot?.destroy();
    const ink = this.#colour("--kd-muted");
    const grid = this.#colour("--kd-line-soft");
    const order = this.x.map((value, index) => [value, index] as const).sort(([a], [b]) => a - b).map(([, index]) => index);
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "12px system-ui, sans-serif" };
    const text = (type: string) => (_: uPlot, values: number[]) => values.map((value) => say(type, value, this.locale).text);
    const xAxis = this.type === "time" ? axis : { ...axis, values: text(this.type) };
    this.#plot = new uPlot({
      width: Math.max(200, box.clientWidth), height: HEIGHT, ms: 1, legend: { show: false }, cursor: { drag: { x: true, y: false } },
      scales: { x: { time: this.type === "time" } }, hooks: { setScale: [(plot, key) => { if (key === "x") this.#stretched(plot); }] },
      axes: [xAxis, { ...axis, size: 64, values: text("number") }],
      series: [{}, ...this.series.map(({ label }, index) => ({ label, stroke: this.#colour(`--kd-series-${(index % COLOURS) + 1}`), width: 2, dash: index >= COLOURS ? [6, 4] : [], points: { show: this.x.length < 40 } }))],
    }, [order.map((index) => this.x[index]!), ...this.series.map(({ values }) => order.map((index) => values[index] ?? null))] as uPlot.AlignedData, box);
  }

  /** Shows a stretch so many times as long around the same middle, at most all of it. */
  #zoom(times: number): void {
    const all = this.#plot?.data[0];
    if (!this.#plot || !this.#seen || !all?.length) return;
    const [first, last] = [all[0]!, all[all.length - 1]!];
    const [from, to] = this.#seen;
    const half = ((to - from) / 2) * times;
    const middle = (from + to) / 2;
    const whole = half * 2 >= last - first;
    this.#plot.setScale("x", { min: whole ? first : Math.max(first, middle - half), max: whole ? last : Math.min(last, middle + half) });
  }

  #stretched(plot: uPlot): void {
    const { min, max } = plot.scales["x"]!;
    if (min === undefined || max === undefined || min === null || max === null || (this.#seen?.[0] === min && this.#seen[1] === max)) return;
    this.#seen = [min, max];
    this.requestUpdate();
  }

  #fit(): void {
    const box = this.querySelector<HTMLElement>(".kd-plot-box");
    if (!box?.clientWidth || !this.#plot || Math.abs(this.#plot.width - box.clientWidth) < 2) return;
    this.#plot.setSize({ width: box.clientWidth, height: HEIGHT });
  }
}
if (!customElements.get("kd-plot")) customElements.define("kd-plot", KdPlot);
