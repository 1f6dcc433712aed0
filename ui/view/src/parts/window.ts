// <kd-window>: a table as long as it likes of which only what is seen is in the page, by regular-table, with what that
// leaves out: the roles and places for whoever cannot see it, and the keyboard. One tab stop; arrows move a cell.
import { LitElement, render } from "lit";
import { html } from "../html.js";
import "regular-table";
import type { RegularTableElement } from "regular-table/dist/esm/regular-table.js";
import { legible } from "../legible.js";
import type { Added } from "./added.js";
import type { Rows, Row } from "./rows.js";
import { statisticWords, typeWord, type Shown } from "./columns.js";
import { addedCell, addedHead, value } from "./value.js";
import { icon } from "./icon.js";
import { words } from "../words.js";

// It fills its shadow root and itself with two texts that never change, which Trusted Types refuse: the same is built
// by hand here, whatever text is set.
const prototype = customElements.get("regular-table")!.prototype as HTMLElement;
const attach = prototype.attachShadow;
prototype.attachShadow = function (this: HTMLElement, init: ShadowRootInit): ShadowRoot {
  const root = attach.call(this, init);
  Object.defineProperty(root, "innerHTML", {
    set() {
      const panel = document.createElement("div");
      panel.className = "rt-virtual-panel";
      const clip = document.createElement("div");
      clip.className = "rt-scroll-table-clip";
      clip.append(document.createElement("slot"));
      root.replaceChildren(panel, clip);
    },
  });
  return root;
};
Object.defineProperty(prototype, "innerHTML", {
  set(this: HTMLElement) {
    const table = document.createElement("table");
    table.append(document.createElement("thead"), document.createElement("tbody"));
    this.replaceChildren(table);
  },
});

const ROW = 36;
const HEAD = 40;
const HEAD_WITH_STATISTICS = 76;
const LONGEST = 15;
const PAGE = 10;
// Milliseconds until what was scrolled stands still.
const SETTLED = 300;

export interface WindowOf {
  rows: Rows;
  columns: Shown[];
  label: string;
  locale: string;
  select: "none" | "one" | "many";
  menu: boolean;
  statistics: boolean;
  /** What other plug-ins add, and a number that grows when that may look different. */
  added: Added | undefined;
  addedVersion: number;
  isSelected(row: Row, index: number): boolean;
  hasMenu(row: Row): boolean;
  nameOf(row: Row): string;
  hrefOf(row: Row): string | undefined;
  onSelect(row: Row, index: number): void;
  onOpen(row: Row, anchor: HTMLElement): void;
  onMenu(row: Row, anchor: HTMLElement): void;
  onSort(key: string): void;
  /** The row to begin with, and who is told which is seen first. */
  first: number;
  onFirst(row: number): void;
}

let counter = 0;

export class KdWindow extends LitElement {
  static override properties = { of: { attribute: false } };
  declare of: WindowOf;
  #table: RegularTableElement | undefined;
  #id = `kd-window-${++counter}`;
  #heads: (string | HTMLElement)[][] = [];
  #headKey = "";
  #headStatistics: Rows["statistics"];
  #headWaits = false;
  #cells = new WeakMap<Row, (string | HTMLElement)[]>();
  #columns: Shown[] | undefined;
  #addedVersion = 0;
  /** The active cell; row -1 is the head. */
  #row = 0;
  #column = 0;
  #wide = 0;
  #drawing = false;
  #again = false;
  /** The row to go to once there are that many. */
  #goTo = 0;
  #seen = 0;
  #telling: ReturnType<typeof setTimeout> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#telling);
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): unknown {
    return html`<div class="kd-window-box"></div>`;
  }

  get #extra(): number {
    return this.of.select === "none" ? 0 : 1;
  }

  get #width(): number {
    return this.#extra + this.of.columns.length + (this.of.menu ? 1 : 0);
  }

  protected override updated(): void {
    const box = this.querySelector<HTMLElement>(".kd-window-box")!;
    const head = this.of.statistics ? HEAD_WITH_STATISTICS : HEAD;
    const rows = Math.max(1, Math.min(this.of.rows.length, LONGEST));
    box.style.setProperty("block-size", `${rows * ROW + head + 16}px`);
    if (this.#columns !== this.of.columns) {
      const first = this.#columns === undefined;
      const same = this.#columns?.length === this.of.columns.length && this.#columns.every((column, index) => column.key === this.of.columns[index]!.key);
      this.#columns = this.of.columns;
      this.#cells = new WeakMap();
      if (!first && !same) {
        this.#table?.resetAutoSize();
        this.#wide = 0;
        box.style.removeProperty("max-inline-size");
      }
    }
    if (this.#addedVersion !== this.of.addedVersion) {
      this.#addedVersion = this.of.addedVersion;
      this.#cells = new WeakMap();
    }
    if (!this.#table) {
      this.#goTo = this.of.first;
      this.#make(box);
    }
    this.redraw();
  }

  /** Once it stands still. */
  #tellFirst(row: number): void {
    if (row === this.#seen || this.#goTo) return;
    this.#seen = row;
    clearTimeout(this.#telling);
    this.#telling = setTimeout(() => this.of.onFirst(row), SETTLED);
  }

  #make(box: HTMLElement): void {
    const table = document.createElement("regular-table");
    table.id = this.#id;
    this.#table = table;
    table.addStyleListener(() => this.#aria());
    table.addEventListener("keydown", (event) => this.#key(event));
    table.addEventListener("click", (event) => this.#click(event));
    // What is in a cell goes with its row when that is scrolled away; the focus stays with the table.
    table.addEventListener("focusin", (event) => { if (event.target !== table) table.focus({ preventScroll: true }); });
    table.addEventListener("dblclick", (event) => {
      const at = this.#at(event);
      const row = at && at.y >= 0 ? this.of.rows.row(at.y) : undefined;
      if (row) this.of.onOpen(row, table);
    });
    box.append(table);
    table.setDataListener((x0, y0, x1, y1) => this.#data(x0, y0, x1, y1), { virtual_mode: "both" });
  }

  /** Draws again what is seen, such as when rows have arrived; one drawing at a time. */
  redraw(): void {
    if (!this.#table) return;
    if (this.#drawing) {
      this.#again = true;
      return;
    }
    this.#drawing = true;
    void (this.#table as unknown as { draw(options?: object): Promise<void> }).draw({ invalid_viewport: true }).catch(() => {}).finally(() => {
      this.#drawing = false;
      // Its height is known now.
      if (this.#goTo && this.of.rows.length > this.#goTo) {
        const row = this.#goTo;
        this.#goTo = 0;
        // A browser has no room for millions of rows: there it is reckoned by shares, which is a row off.
        if (this.#table!.scrollHeight >= this.of.rows.length * ROW) this.#table!.scrollTop = row * ROW;
        else void this.#table!.scrollToCell(0, row);
      }
      if (!this.#again) return;
      this.#again = false;
      this.redraw();
    });
  }

  async #data(x0: number, y0: number, x1: number, y1: number) {
    const { rows } = this.of;
    const from = Math.floor(y0);
    const to = Math.min(Math.ceil(y1), rows.length);
    this.#tellFirst(from);
    if (to > from) {
      rows.want(from, to);
      this.of.added?.want(Array.from({ length: to - from }, (_, index) => rows.row(from + index)).filter((row) => row !== undefined));
    }
    this.#head();
    const data: (string | HTMLElement)[][] = [];
    for (let x = Math.floor(x0); x < Math.min(Math.ceil(x1), this.#width); x++) {
      const cells: (string | HTMLElement)[] = [];
      for (let y = from; y < to; y++) cells.push(this.#cell(x, y));
      data.push(cells);
    }
    return { num_rows: rows.length, num_columns: this.#width, data, column_headers: this.#heads.slice(Math.floor(x0), Math.ceil(x1)), row_height: ROW } as never;
  }

  #cell(x: number, y: number): string | HTMLElement {
    const row = this.of.rows.row(y);
    if (!row) {
      const bone = document.createElement("span");
      bone.className = "kd-skeleton";
      return bone;
    }
    let cells = this.#cells.get(row);
    if (!cells) this.#cells.set(row, (cells = []));
    return (cells[x] ??= this.#make_(row, x, y));
  }

  #make_(row: Row, x: number, y: number): string | HTMLElement {
    const index = x - this.#extra;
    if (index < 0) {
      const box = document.createElement("input");
      box.type = this.of.select === "one" ? "radio" : "checkbox";
      box.tabIndex = -1;
      box.className = "kd-check";
      box.checked = this.of.isSelected(row, y);
      box.setAttribute("aria-label", legible(words.selectRow(this.of.nameOf(row))));
      const target = document.createElement("label");
      target.className = "kd-check-target";
      target.append(box);
      return target;
    }
    const column = this.of.columns[index];
    if (!column) {
      if (!this.of.hasMenu(row)) return "";
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = -1;
      button.className = "kd-button kd-button-quiet kd-button-icon kd-button-small";
      button.setAttribute("aria-haspopup", "menu");
      button.setAttribute("aria-label", legible(words.actionsFor(this.of.nameOf(row))));
      render(icon("more"), button);
      return button;
    }
    if (column.added) {
      const shown = addedCell(column.added, this.of.added?.cell(column.added, row), this.of.locale);
      const holder = document.createElement("span");
      render(shown, holder);
      return holder;
    }
    const raw = row[column.key];
    const href = column.open ? this.of.hrefOf(row) : undefined;
    if (!href && (typeof raw === "string" || typeof raw === "number") && !column.type) return legible(String(raw));
    if (!href && (raw === null || raw === undefined)) return "";
    const shown = value(column.type ?? "text", raw, this.of.locale);
    if (!href && typeof shown === "string") return shown;
    const holder = document.createElement(href ? "a" : "span");
    if (href) {
      (holder as HTMLAnchorElement).href = href;
      holder.tabIndex = -1;
    }
    render(shown, holder);
    return holder;
  }

  #head(): void {
    const { rows, columns, statistics, locale } = this.of;
    const key = JSON.stringify([columns.map(({ key: name, label, of }) => [name, label, of]), rows.sort, this.#extra, this.of.menu, columns.map(({ added }) => added && this.of.added?.failed(added)), words.select]);
    const waits = statistics && rows.measuring && !rows.statistics;
    if (key === this.#headKey && this.#headStatistics === rows.statistics && this.#headWaits === waits) return;
    this.#headKey = key;
    this.#headStatistics = rows.statistics;
    this.#headWaits = waits;
    const told = new Map(rows.columns.map(({ name }, index) => [name, rows.statistics?.[index]]));
    const heads: (string | HTMLElement)[][] = columns.map((column) => {
      const holder = document.createElement("div");
      holder.className = `kd-head${column.end ? " kd-end" : ""}`;
      const sorted = rows.sort.find(([name]) => name === column.key);
      const statistic = statistics ? told.get(column.key) : undefined;
      const most = Math.max(1, ...(statistic?.bars ?? []));
      render(html`<span class="kd-head-name">${column.added ? addedHead(column.added, this.of.added?.failed(column.added) === true) : column.label}${sorted ? icon(sorted[1] ? "sort-down" : "sort-up") : ""}</span>
        ${statistics ? html`<span class="kd-head-type">${column.of ? typeWord(column.of) : ""}</span>` : ""}
        ${statistic?.bars?.length ? html`<svg class="kd-head-bars" aria-hidden="true" viewBox="0 0 ${statistic.bars.length * 4} 16" preserveAspectRatio="none">
          <path d=${statistic.bars.slice(0, 40).map((bar, index) => `M${index * 4} 16v${-Math.max(bar > 0 ? 1 : 0, (bar / most) * 16)}h3V16z`).join("")}></path></svg>` : waits ? html`<span class="kd-head-bars"><span class="kd-skeleton"></span></span>` : ""}
        ${statistics ? html`<span class="kd-head-statistic">${statisticWords(statistic, locale) || (waits ? "\u00a0" : "")}</span>` : ""}`, holder);
      return [holder];
    });
    const named = (text: string) => {
      const holder = document.createElement("span");
      holder.className = "kd-hidden";
      holder.textContent = text;
      return [holder];
    };
    this.#heads = [...(this.#extra ? [named(words.select)] : []), ...heads, ...(this.of.menu ? [named(words.actions)] : [])];
  }

  /** Roles, places and states, after each drawing. */
  #aria(): void {
    const table = this.#table!;
    const { rows, columns, label } = this.of;
    set(table, { role: "grid", "aria-label": legible(label), "aria-rowcount": String(rows.complete ? rows.length + 1 : -1), "aria-colcount": String(this.#width), "aria-multiselectable": this.of.select === "many" ? "true" : null, "aria-busy": rows.busy || (this.of.statistics && rows.measuring) ? "true" : null });
    const inner = table.querySelector("table");
    inner?.setAttribute("role", "presentation");
    for (const part of table.querySelectorAll("thead, tbody")) part.setAttribute("role", "rowgroup");
    let active: HTMLElement | undefined;
    for (const th of table.querySelectorAll<HTMLElement>("thead th")) {
      const meta = table.getMeta(th);
      const x = (meta as { x?: number } | undefined)?.x ?? 0;
      const column = columns[x - this.#extra];
      const sorted = rows.sort.find(([key]) => key === column?.key);
      set(th, { role: "columnheader", "aria-colindex": String(x + 1), "aria-sort": column?.sortable ? (sorted ? (sorted[1] ? "descending" : "ascending") : "none") : null, id: null });
      th.classList.toggle("kd-sortable", !!column?.sortable);
      th.parentElement!.setAttribute("role", "row");
      th.parentElement!.setAttribute("aria-rowindex", "1");
      const now = this.#row === -1 && x === this.#column;
      th.classList.toggle("kd-active", now);
      if (now) active = th;
    }
    for (const tr of table.querySelectorAll<HTMLElement>("tbody tr")) {
      const first = table.getMeta(tr.firstElementChild as HTMLElement);
      const y = first && "y" in first ? first.y ?? 0 : 0;
      const row = rows.row(y);
      const selected = row ? this.of.isSelected(row, y) : false;
      set(tr, { role: "row", "aria-rowindex": String(y + 2), "aria-selected": this.of.select === "none" ? null : String(selected) });
      for (const td of tr.children as unknown as Iterable<HTMLElement>) {
        const meta = table.getMeta(td);
        const x = meta && "x" in meta ? meta.x ?? 0 : 0;
        const column = columns[x - this.#extra];
        const now = y === this.#row && x === this.#column;
        set(td, { role: "gridcell", "aria-colindex": String(x + 1), id: null });
        td.classList.toggle("kd-end", column?.end === true);
        td.classList.toggle("kd-number", column?.end === true);
        td.classList.toggle("kd-active", now);
        const box = x < this.#extra ? td.querySelector("input") : null;
        if (box) box.checked = selected;
        if (now) active = td;
      }
    }
    this.#narrow(table);
    // What has no room in its cell is said whole by its title; read after all is written, so that it is laid out once.
    for (const td of table.querySelectorAll<HTMLElement>("tbody td")) set(td, { title: td.scrollWidth > td.clientWidth + 1 ? td.textContent : null });
    if (active) active.id = `${this.#id}-active`;
    set(table, { "aria-activedescendant": active ? active.id : null });
  }

  /** No wider than its columns: an empty half of a box looks as if something were missing. It only grows again. */
  #narrow(table: RegularTableElement): void {
    const box = table.parentElement!;
    const drawn = table.querySelector<HTMLElement>("table")!;
    const all = table.querySelectorAll("thead th").length === this.#width && table.scrollLeft === 0;
    const wanted = all ? drawn.offsetWidth + (table.offsetWidth - table.clientWidth) + 2 : 0;
    if (all && wanted > this.#wide) {
      this.#wide = wanted;
      box.style.setProperty("max-inline-size", `${wanted}px`);
    } else if (!all && this.#wide && drawn.offsetWidth > this.#wide) {
      this.#wide = 0;
      box.style.removeProperty("max-inline-size");
    }
  }

  #at(event: Event): { x: number; y: number; cell: HTMLElement } | undefined {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("th, td");
    const meta = cell ? this.#table!.getMeta(cell) : undefined;
    if (!cell || !meta) return undefined;
    const y = meta.type === "column_header" || meta.type === "corner" ? -1 : ("y" in meta ? meta.y ?? 0 : 0);
    return { x: (meta as { x?: number }).x ?? 0, y, cell };
  }

  #click(event: MouseEvent): void {
    const at = this.#at(event);
    if (!at) return;
    this.#row = at.y;
    this.#column = at.x;
    const row = at.y >= 0 ? this.of.rows.row(at.y) : undefined;
    const target = event.target as HTMLElement;
    if (at.y < 0) this.#sort(at.x);
    else if (row && target.closest("input")) this.of.onSelect(row, at.y);
    else if (row && target.closest("button")) this.of.onMenu(row, target.closest("button")!);
    else if (row && target.closest("a") && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.of.onOpen(row, target.closest("a")!);
    }
    this.#aria();
  }

  #sort(x: number): void {
    const column = this.of.columns[x - this.#extra];
    if (column?.sortable) this.of.onSort(column.key);
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || (event.metaKey && event.key !== "a")) return;
    const { rows } = this.of;
    const last = rows.length - 1;
    const row = this.#row >= 0 ? rows.row(this.#row) : undefined;
    const active = () => this.#table!.querySelector<HTMLElement>(".kd-active") ?? this.#table!;
    switch (event.key) {
      case "ArrowDown": this.#move(this.#row + 1, this.#column); break;
      case "ArrowUp": this.#move(this.#row - 1, this.#column); break;
      case "ArrowRight": this.#move(this.#row, this.#column + 1); break;
      case "ArrowLeft": this.#move(this.#row, this.#column - 1); break;
      case "PageDown": this.#move(Math.max(0, this.#row) + PAGE, this.#column); break;
      case "PageUp": this.#move(Math.max(0, this.#row - PAGE), this.#column); break;
      case "Home": this.#move(event.ctrlKey ? 0 : this.#row, event.ctrlKey ? this.#column : 0); break;
      case "End": this.#move(event.ctrlKey ? last : this.#row, event.ctrlKey ? this.#column : this.#width - 1); break;
      case " ": if (row && this.of.select !== "none") this.of.onSelect(row, this.#row); else if (this.#row < 0) this.#sort(this.#column); break;
      case "Enter":
        if (this.#row < 0) this.#sort(this.#column);
        else if (row && this.of.menu && this.#column === this.#width - 1) this.of.onMenu(row, active().querySelector("button") ?? active());
        else if (row) this.of.onOpen(row, active());
        break;
      case "ContextMenu": if (row && this.of.menu) this.of.onMenu(row, active()); break;
      case "F10": if (event.shiftKey && row && this.of.menu) this.of.onMenu(row, active()); else return; break;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.#aria();
  }

  #move(row: number, column: number): void {
    const table = this.#table!;
    this.#row = Math.max(-1, Math.min(row, this.of.rows.length - 1));
    this.#column = Math.max(0, Math.min(column, this.#width - 1));
    const cells = [...table.querySelectorAll<HTMLElement>("tbody tr")];
    const y = (tr: HTMLElement | undefined) => { const meta = tr && table.getMeta(tr.firstElementChild as HTMLElement); return meta && "y" in meta ? meta.y ?? -1 : -1; };
    const box = table.getBoundingClientRect();
    const head = table.querySelector("thead")?.getBoundingClientRect().height ?? HEAD;
    const full = Math.max(1, Math.floor((table.clientHeight - head) / ROW));
    const tr = cells.find((one) => y(one) === this.#row);
    const seen = tr && tr.getBoundingClientRect().bottom <= box.top + table.clientHeight + 1 && tr.getBoundingClientRect().top >= box.top + head - 1;
    const first = y(cells[0]);
    if (this.#row >= 0 && !seen) this.#scrollTo(this.#row < first || first < 0 || this.#row > first + full * 2 || this.#row < first ? Math.max(0, this.#row < first ? this.#row : this.#row - full + 1) : Math.max(0, this.#row - full + 1));
    const cell = table.querySelector<HTMLElement>(`[aria-colindex="${this.#column + 1}"]`)?.getBoundingClientRect();
    if (!cell || cell.right > box.right || cell.left < box.left) {
      // By columns as a whole: regular-table knows their places only roughly before it has drawn them.
      void table.scrollToCell(Math.max(0, this.#column - (cell || this.#column === 0 ? 0 : 0)), Math.max(0, this.#row >= 0 && !seen ? this.#row - full + 1 : first));
    }
  }

  #scrollTo(row: number): void {
    const table = this.#table!;
    const panel = table.shadowRoot!.querySelector<HTMLElement>(".rt-virtual-panel")!;
    const head = table.querySelector("thead")?.getBoundingClientRect().height ?? HEAD;
    const full = Math.max(1, Math.floor((table.clientHeight - head) / ROW));
    const last = Math.max(1, this.of.rows.length - full);
    table.scrollTop = Math.min(1, row / last) * (panel.offsetHeight - table.clientHeight);
  }

  /** A row at the top, for jumps. */
  jump(row: number): void {
    this.#row = Math.max(0, Math.min(row, this.of.rows.length - 1));
    this.#scrollTo(this.#row);
  }

  override focus(): void {
    this.#table?.focus();
  }
}

function set(element: Element, attributes: Record<string, string | null>): void {
  for (const [name, value_] of Object.entries(attributes)) {
    if (value_ === null) element.removeAttribute(name);
    else if (element.getAttribute(name) !== value_) element.setAttribute(name, value_);
  }
}

if (!customElements.get("kd-window")) customElements.define("kd-window", KdWindow);
