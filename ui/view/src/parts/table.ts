// What the tables have in common (`table`, `rows`): a plain table for few rows and for pages, the windowed one for many,
// selection, order, filter, actions, and what to say while rows load, fail or are not there.
import { nothing, type TemplateResult } from "lit";
import { html } from "../html.js";
import { repeat } from "lit/directives/repeat.js";
import type { MenuItem, SelectMode, Source, Target } from "../catalogue.js";
import { freshId, KdNode } from "../node.js";
import { count } from "../format.js";
import { addedColumns, columnsOf, statisticWords, typeWord, type Shown } from "./columns.js";
import type { Added } from "./added.js";
import { actionButton, follow } from "./button.js";
import { failure } from "./failure.js";
import { icon } from "./icon.js";
import { moreButton, toggleMenu, type MenuEntry } from "./menu.js";
import type { Row, Rows } from "./rows.js";
import { addedCell, addedHead, value } from "./value.js";
import { words } from "../words.js";
import { offered } from "../values.js";

// What is drawn at once in less than a frame or two, fourteen columns wide.
export const PAGE_ROWS = 50;
// Keys of rows in a link: more make it longer than what one sends to others.
const CHOSEN = 50;

export abstract class KdTableNode<K extends "table" | "rows"> extends KdNode<K> {
  protected sort: [string, boolean][] = [];
  protected filter = "";
  protected rows: Rows | undefined;
  /** What other plug-ins add. */
  protected added: Added | undefined;
  protected page = 0;
  protected asPages = false;
  protected readonly tableId = freshId("table");
  #selected = new Map<string, Row>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #windowed = false;
  #recalled = false;
  /** The row that is seen first. */
  #first = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.rows?.stop();
    this.added?.stop();
    this.added = undefined;
    clearTimeout(this.#timer);
  }

  // --- what a link says of it

  /** Begins as its link says. */
  protected recall(): void {
    if (this.#recalled) return;
    this.#recalled = true;
    const sort = this.arranged("sort");
    if (sort) this.sort = [[sort.replace(/^-/, ""), sort.startsWith("-")]];
    this.filter = this.arranged("filter") ?? "";
    const page = Number(this.arranged("page"));
    if (page >= 1) [this.asPages, this.page] = [true, Math.floor(page) - 1];
    this.#first = Math.max(0, Math.floor(Number(this.arranged("row") ?? 1)) - 1) || 0;
    const keys = parsed(this.arranged("chosen"));
    const bind = this.boundSelection();
    if (!keys.length || this.selectMode() === "none") return;
    for (const key of keys) this.#selected.set(key, { [this.keyColumn() ?? ""]: key });
    // Not while it is being drawn.
    if (bind !== undefined) queueMicrotask(() => this.write(bind, keys));
  }

  /** The link is told how it is after each drawing: it was away and another place has another link, or others changed it. */
  protected override updated(): void {
    if (this.#recalled) this.#tell();
  }

  #tell(): void {
    const [sorted] = this.sort;
    this.arrange("sort", sorted && `${sorted[1] ? "-" : ""}${sorted[0]}`);
    this.arrange("filter", this.filter || undefined);
    this.arrange("page", this.asPages ? String(this.page + 1) : undefined);
    this.arrange("row", this.#first > 0 && !this.asPages ? String(this.#first + 1) : undefined);
    const keys = this.#keys();
    this.arrange("chosen", keys.size && keys.size <= CHOSEN ? JSON.stringify([...keys]) : undefined);
  }

  protected abstract tableLabel(): string;
  protected selectMode(): SelectMode { return "none"; }
  protected rowActions(): readonly MenuItem[] { return []; }
  protected bulkActions(): readonly MenuItem[] { return []; }
  protected keyColumn(): string | undefined { return undefined; }
  protected boundSelection(): string | undefined { return undefined; }
  protected showStatistics(): boolean { return false; }

  // --- selection

  #keyOf(row: Row, index: number): string {
    const key = this.keyColumn();
    const cell = key === undefined ? undefined : row[key];
    return cell === undefined || cell === null ? `#${index}` : String(cell);
  }

  #keys(): Set<string> {
    const bind = this.boundSelection();
    if (bind === undefined) return new Set(this.#selected.keys());
    const kept = this.view.model.get(bind);
    return new Set((Array.isArray(kept) ? kept : kept === undefined || kept === null || kept === "" ? [] : [kept]).map(String));
  }

  protected isSelected = (row: Row, index: number): boolean => this.#keys().has(this.#keyOf(row, index));

  #keep(keys: Set<string>): void {
    for (const key of this.#selected.keys()) if (!keys.has(key)) this.#selected.delete(key);
    const bind = this.boundSelection();
    if (bind !== undefined) this.write(bind, [...keys]);
    this.requestUpdate();
    this.querySelector<HTMLElement & { redraw?(): void }>("kd-window")?.redraw?.();
  }

  protected select = (row: Row, index: number): void => {
    const key = this.#keyOf(row, index);
    const keys = this.#keys();
    const one = this.selectMode() === "one";
    if (keys.has(key) && !one) keys.delete(key);
    else {
      if (one) keys.clear();
      keys.add(key);
      this.#selected.set(key, row);
    }
    this.#keep(keys);
  };

  #selectAll(rows: readonly Row[], offset: number, on: boolean): void {
    const keys = this.#keys();
    rows.forEach((row, index) => {
      const key = this.#keyOf(row, index + offset);
      if (on) {
        keys.add(key);
        this.#selected.set(key, row);
      } else keys.delete(key);
    });
    this.#keep(keys);
  }

  /** Rows that are selected; one that was never seen (a link, a patch) is known by its key alone. */
  protected selectedRows(): Row[] {
    const key = this.keyColumn();
    return [...this.#keys()].map((name) => this.#selected.get(name) ?? (key === undefined ? {} : { [key]: name }));
  }

  /** Of rows that are all known: what is there no more (it was removed, or a link is old) is not selected, the rest is as it is now. */
  protected settle(rows: readonly Row[]): void {
    const keys = this.#keys();
    if (this.keyColumn() === undefined || !keys.size) return;
    const there = new Map(rows.map((row, index) => [this.#keyOf(row, index), row]));
    for (const key of keys) {
      const row = there.get(key);
      if (row) this.#selected.set(key, row);
    }
    const left = [...keys].filter((key) => there.has(key));
    // Not while it is being drawn.
    if (left.length < keys.size) queueMicrotask(() => this.#keep(new Set(left)));
  }

  // --- order and filter

  protected orderBy = (key: string): void => {
    const now = this.sort.find(([name]) => name === key);
    // Up, down, as it came.
    this.sort = !now ? [[key, false]] : !now[1] ? [[key, true]] : [];
    this.ordered();
  };

  protected ordered(): void {
    this.page = this.#first = 0;
    this.rows?.order(this.sort, this.filter);
    this.requestUpdate();
  }

  protected filterField(placeholder: string | undefined): TemplateResult | typeof nothing {
    if (placeholder === undefined) return nothing;
    return html`<label class="kd-filter"><span class="kd-hidden">${placeholder || words.filter}</span>${icon("filter")}<input type="search" class="kd-control" placeholder=${placeholder || words.filter} .value=${this.filter} autocomplete="off"
      @input=${(event: Event) => {
        this.filter = (event.target as HTMLInputElement).value;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.ordered(), this.rows ? 200 : 0);
      }}></label>`;
  }

  // --- rows

  protected nameOf = (row: Row): string => {
    const key = this.shown().find(({ open }) => open)?.key ?? this.keyColumn() ?? this.shown()[0]?.key;
    const cell = key === undefined ? undefined : row[key];
    return typeof cell === "string" || typeof cell === "number" ? String(cell) : "";
  };

  protected targetOf = (row: Row): Target | undefined => {
    const open = row["$open"];
    return typeof open === "object" && open !== null && !Array.isArray(open) ? (open as Target) : undefined;
  };

  #columns: { key: string; columns: Shown[] } = { key: "", columns: [] };

  /** The same list as long as nothing of it changed. */
  protected shown(): Shown[] {
    const { columns } = this.props as { columns?: never };
    const told = this.rows?.columns ?? [];
    const made = [...this.declared(columns, told), ...addedColumns(this.added?.columns ?? [])];
    const key = JSON.stringify(made.map(({ added, ...column }) => [column, added?.by]));
    if (key !== this.#columns.key) this.#columns = { key, columns: made };
    return this.#columns.columns;
  }

  protected declared(columns: Parameters<typeof columnsOf>[0], told: Parameters<typeof columnsOf>[1]): Shown[] {
    return columnsOf(columns, told);
  }

  protected actionsOf = (row: Row): MenuEntry[] => {
    const own = this.rowActions().filter(({ action }) => offered(action, row));
    const others = this.added?.commands(row) ?? [];
    return [...own, ...others.map((item, index) => (index === 0 && own.length ? { ...item, apart: true } : item))];
  };

  /** Whether some row may have a menu. */
  protected get withMenu(): boolean {
    return this.rowActions().length > 0 || this.added?.anyCommand === true;
  }

  protected menuOf = (row: Row, anchor: HTMLElement): void => {
    const items = this.actionsOf(row);
    if (items.length) toggleMenu(anchor, items, (item) => void this.act(item.action, anchor, { row }));
  };

  // --- drawing

  protected bulk(): unknown {
    const selected = this.selectMode() === "many" ? this.selectedRows() : [];
    if (!selected.length) return nothing;
    return html`<div class="kd-bulk" role="group" aria-label=${words.actions}><span class="kd-strong" role="status">${words.selected(count(selected.length, this.locale))}</span>
      ${[...this.bulkActions(), ...(this.added?.commandsForMany(selected) ?? [])].map((item) => actionButton(this, item.action, { text: item.label, icon: item.icon, small: true, weight: item.tone === "bad" ? "danger" : "normal" }, { selection: this.selectedRows() }))}
      <button type="button" class="kd-button kd-button-quiet kd-button-small" @click=${() => this.#keep(new Set())}>${words.clearSelection}</button></div>`;
  }

  /** Few rows: a table as HTML knows it. At narrow width each row is a card. */
  protected plain(rows: readonly Row[], offset = 0, total = rows.length): TemplateResult {
    const columns = this.shown();
    const mode = this.selectMode();
    const actions = this.withMenu;
    this.added?.want(rows);
    const all = rows.length > 0 && rows.every((row, index) => this.isSelected(row, offset + index));
    const some = !all && rows.some((row, index) => this.isSelected(row, offset + index));
    const told = new Map(this.rows?.columns.map(({ name }, index) => [name, this.rows?.statistics?.[index]]) ?? []);
    // The table's own columns were made for the room there is; with others it may be wider, and scrolls by itself.
    return html`<div class=${columns.some(({ added }) => added) ? "kd-wide" : ""}><table class="kd-plain kd-cards" role="table" aria-label=${this.tableLabel()} aria-rowcount=${total !== rows.length ? total + 1 : nothing} @keydown=${this.#steps}>
      <thead role="rowgroup"><tr role="row">
        ${mode === "none" ? nothing : html`<th role="columnheader" scope="col" class="kd-narrow">${mode === "many" ? html`<label class="kd-check-target"><input type="checkbox" class="kd-check" aria-label=${words.selectAll} .checked=${all} .indeterminate=${some}
          @change=${(event: Event) => this.#selectAll(rows, offset, (event.target as HTMLInputElement).checked)}></label>` : html`<span class="kd-hidden">${words.select}</span>`}</th>`}
        ${columns.map((column) => {
          const sorted = this.sort.find(([name]) => name === column.key);
          const type = this.showStatistics() && column.of ? html`<span class="kd-head-type">${typeWord(column.of)}</span>` : nothing;
          const statistic = this.showStatistics() ? statisticWords(told.get(column.key), this.locale) || (this.rows?.measuring && column.of ? "\u00a0" : "") : "";
          return html`<th role="columnheader" scope="col" class="${column.end ? "kd-end " : ""}${column.width ? `kd-width-${column.width}` : ""}" aria-sort=${column.sortable ? (sorted ? (sorted[1] ? "descending" : "ascending") : "none") : nothing}>
            ${column.sortable ? html`<button type="button" class="kd-sort" title=${words.sortBy(column.label)} @click=${() => this.orderBy(column.key)}>${column.label}${sorted ? icon(sorted[1] ? "sort-down" : "sort-up") : nothing}</button>` : column.added ? addedHead(column.added, this.added?.failed(column.added) === true) : column.label}
            ${type}${statistic ? html`<span class="kd-head-statistic">${statistic}</span>` : nothing}</th>`;
        })}
        ${actions ? html`<th role="columnheader" scope="col" class="kd-narrow"><span class="kd-hidden">${words.actions}</span></th>` : nothing}
      </tr></thead>
      <tbody role="rowgroup">${repeat(rows.map((row, index) => ({ row, index: offset + index, key: this.#keyOf(row, offset + index) })), ({ key, index }) => `${key} ${this.keyColumn() ? "" : index}`, ({ row, index }) => this.#plainRow(row, index, columns, mode, actions, total !== rows.length))}</tbody></table></div>`;
  }

  #plainRow(row: Row, index: number, columns: Shown[], mode: SelectMode, actions: boolean, part: boolean): TemplateResult {
    const name = this.nameOf(row);
    const selected = mode !== "none" && this.isSelected(row, index);
    const target = this.targetOf(row);
    return html`<tr role="row" class=${selected ? "kd-chosen" : ""} aria-rowindex=${part ? index + 2 : nothing}>
      ${mode === "none" ? nothing : html`<td role="cell" class="kd-narrow kd-cell-check"><label class="kd-check-target"><input class="kd-check" type=${mode === "one" ? "radio" : "checkbox"} name=${mode === "one" ? this.tableId : nothing} aria-label=${words.selectRow(name)} .checked=${selected} @change=${() => this.select(row, index)}></label></td>`}
      ${columns.map((column, at) => {
        const shown = column.added ? addedCell(column.added, this.added?.cell(column.added, row), this.locale) : value(column.type, row[column.key], this.locale);
        const inner = column.open && target
          ? html`<a class="kd-cell-link" href=${this.view.host.href(target)} @click=${(event: MouseEvent) => follow(this, target, event)}>${shown === nothing ? words.open : shown}</a>` : shown;
        return html`<td role="cell" class="${column.end ? "kd-end kd-number " : ""}${at === 0 ? "kd-first " : ""}${shown === nothing ? "kd-blank" : ""}" data-label=${column.label}>${inner}</td>`;
      })}
      ${actions ? html`<td role="cell" class="kd-narrow kd-cell-more">${this.actionsOf(row).length ? moreButton(name, (button) => this.menuOf(row, button)) : nothing}</td>` : nothing}
    </tr>`;
  }

  /** Up and down go to the same control of the next row. */
  #steps = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const from = event.target as HTMLElement;
    const cell = from.closest("td, th");
    const row = cell?.parentElement;
    if (!cell || !row || (from as HTMLInputElement).type === "radio") return;
    const rows = [...this.querySelectorAll("tbody tr")];
    const next = rows[rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)];
    const to = next?.children[[...row.children].indexOf(cell)]?.querySelector<HTMLElement>("a, button, input");
    if (!to) return;
    event.preventDefault();
    to.focus();
  };

  protected skeleton(): TemplateResult {
    const columns = Math.max(3, Math.min(6, this.shown().length));
    return html`<div class="kd-bones" role="status"><span class="kd-hidden">${words.loading}</span>${Array.from({ length: 6 }, () => html`<div>${Array.from({ length: columns }, () => html`<span class="kd-skeleton"></span>`)}</div>`)}</div>`;
  }

  /** What the host stops when a person does not want to wait; none where it cannot. */
  protected waitsFor(): Source | undefined {
    return undefined;
  }

  #waiting(rows: Rows): unknown {
    const source = this.waitsFor();
    if (!rows.slow) return nothing;
    return html`<p class="kd-waiting kd-muted"><span>${rows.slow > 1 ? words.takesLong : words.working}</span>
      ${source && this.view.host.stop ? html`<button type="button" class="kd-button kd-button-small" @click=${() => {
        rows.giveUp();
        void this.view.host.stop?.(source);
      }}>${icon("stop")}<span>${words.stop}</span></button>` : nothing}</p>`;
  }

  #stoppedHere(rows: Rows): unknown {
    return html`<div class="kd-callout" role="status">${icon("info")}<div><p class="kd-strong">${words.stopped}</p><p>${words.stoppedHelp}</p>
      ${this.waitsFor()?.result === undefined ? html`<div class="kd-buttons"><button type="button" class="kd-button" @click=${() => rows.retry()}>${icon("retry")}<span>${words.retry}</span></button></div>` : nothing}</div></div>`;
  }

  /** Many rows: a window on them, or pages. */
  protected many(rows: Rows): unknown {
    if (rows.stopped) return this.#stoppedHere(rows);
    if (rows.error) return failure(this, rows.error, () => rows.retry());
    // In another order the table stays, and with it the focus; only its rows are new.
    if (!rows.started && !(rows.again && rows.length && !this.asPages)) return [this.skeleton(), this.#waiting(rows)];
    if (!rows.length) return this.nothingThere();
    if (this.asPages) return this.#pages(rows);
    if (!this.#windowed) {
      void import("./window.js").then(() => { this.#windowed = true; this.requestUpdate(); }, (error: unknown) => console.error(error));
      return this.skeleton();
    }
    const of = {
      rows, columns: this.shown(), label: this.tableLabel(), locale: this.locale, select: this.selectMode(), menu: this.withMenu, hasMenu: (row: Row) => this.actionsOf(row).length > 0, statistics: this.showStatistics(),
      added: this.added, addedVersion: this.added?.version ?? 0, first: this.#first, onFirst: (row: number) => { this.#first = row; this.#tell(); },
      isSelected: this.isSelected, nameOf: this.nameOf, onSelect: this.select, onMenu: this.menuOf, onSort: this.orderBy,
      hrefOf: (row: Row) => { const target = this.targetOf(row); return target && this.view.host.href(target); },
      onOpen: (row: Row, anchor: HTMLElement) => { const target = this.targetOf(row); if (target) void this.act({ open: target }, anchor, { row }); },
    };
    return html`<kd-window .of=${of}></kd-window>`;
  }

  #pages(rows: Rows): unknown {
    const start = this.page * PAGE_ROWS;
    const end = Math.min(rows.length, start + PAGE_ROWS);
    if (!rows.has(start, end)) {
      rows.want(start, end);
      return this.skeleton();
    }
    const shown = Array.from({ length: end - start }, (_, index) => rows.row(start + index)).filter((row): row is Row => row !== undefined);
    const said = (value_: number) => count(value_, this.locale);
    const go = (by: number) => { this.page += by; this.requestUpdate(); };
    return html`<div class="kd-plain-scroll" tabindex="0" role="region" aria-label=${this.tableLabel()}>${this.plain(shown, start, rows.length)}</div>
      <div class="kd-buttons kd-pager"><button type="button" class="kd-button kd-button-small" ?disabled=${this.page === 0} @click=${() => go(-1)}>${words.previous}</button>
      <span class="kd-number" role="status">${words.page(said(start + 1), said(start + shown.length), rows.complete ? said(rows.length) : "")}</span>
      <button type="button" class="kd-button kd-button-small" ?disabled=${end >= rows.length} @click=${() => go(1)}>${words.next}</button></div>`;
  }

  protected pagesToggle(rows: Rows): unknown {
    if (!rows.started || rows.length <= PAGE_ROWS) return nothing;
    return html`<button type="button" class="kd-button kd-button-quiet kd-button-small" aria-pressed=${this.asPages ? "true" : "false"} title=${this.asPages ? words.asScroll : words.asPages}
      @click=${() => { this.asPages = !this.asPages; this.requestUpdate(); }}>${icon("list")}<span>${words.pages}</span></button>`;
  }

  protected totalSays(rows: Rows): string {
    if (!rows.started) return "";
    const said = count(rows.length, this.locale);
    return rows.complete ? words.rows(rows.length, said) : words.rowsSoFar(said);
  }

  protected nothingThere(): unknown {
    return html`<p class="kd-muted kd-no-rows">${this.filter ? words.noRowsFor(this.filter) : words.noRows}</p>`;
  }
}

/** The keys in a link; of what is none, nothing. */
function parsed(text: string | undefined): string[] {
  try {
    const keys: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(keys) ? keys.filter((key) => typeof key === "string").slice(0, CHOSEN) : [];
  } catch {
    return [];
  }
}
