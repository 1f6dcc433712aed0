// A typed value as a person sees it: in a cell, a fact, a number that matters.
import { nothing, type TemplateResult } from "lit";
import { html } from "../html.js";
import { say } from "../format.js";
import { legible } from "../legible.js";
import type { AddedColumn } from "../host.js";
import type { Cell } from "./added.js";
import { icon } from "./icon.js";
import { words } from "../words.js";

export function chips(items: readonly unknown[]): TemplateResult {
  return html`<span class="kd-chips">${items.filter((item) => typeof item === "string").map((item) => html`<span class="kd-chip">${item}</span>`)}</span>`;
}

export function value(type: string | undefined, raw: unknown, locale: string): unknown {
  if (raw === null || raw === undefined || raw === "" || (Array.isArray(raw) && !raw.length)) return nothing;
  if (type === "tags" && Array.isArray(raw)) return chips(raw);
  if (type === "boolean" && typeof raw === "boolean") {
    return raw ? html`<span>${icon("check")}<span class="kd-hidden">${words.yes}</span></span>` : html`<span class="kd-muted">${words.no}</span>`;
  }
  const { text, title } = say(type, raw, locale);
  if (type === "time" && typeof raw === "number" && title) {
    return html`<time datetime=${new Date(raw).toISOString()} title=${title}>${text}</time>`;
  }
  return title ? html`<span title=${title}>${breakable(legible(text))}</span>` : breakable(legible(text));
}

/** A long word gives way where one would break it by hand: behind a slash or a dash, a hash after each sixteen letters. */
function breakable(text: string): unknown {
  if (!/\S{12}/.test(text)) return text;
  const parts = text.split(/(?<=\S[/:_-])(?=\S{2})/).flatMap((part) => part.split(/(?<=\S{16})(?=\S{16})/).length > 2 ? part.match(/\s+|\S{1,16}/g) ?? [] : [part]);
  return parts.length === 1 ? text : parts.map((part, index) => (index ? html`<wbr>${part}` : part));
}

/** The cell of a column that another plug-in adds: as large before it comes as after, whatever comes. */
export function addedCell(column: AddedColumn, cell: Cell | undefined, locale: string): unknown {
  if (!cell) return nothing;
  if (cell.is === "waiting") return html`<span class="kd-added"><span class="kd-skeleton"></span></span>`;
  const { value: raw } = cell as { value?: unknown };
  const plain = typeof raw === "string" || typeof raw === "number" || typeof raw === "boolean" || Array.isArray(raw);
  const shown = plain ? value(column.type, raw, locale) : nothing;
  if (shown === nothing) return html`<span class="kd-added kd-muted">–</span>`;
  return html`<span class="kd-added" title=${typeof raw === "string" ? raw : nothing}>${shown}</span>`;
}

/** Its head, which says whose it is, and that it does not answer. */
export function addedHead(column: AddedColumn, failed: boolean): TemplateResult {
  return html`<span class="kd-added-head" title=${failed ? words.addedFailed(column.by) : words.addedBy(column.by)}><span class="kd-added-label">${column.label}</span>${failed ? html`${icon("warning")}<span class="kd-hidden">${words.addedFailed(column.by)}</span>` : nothing}</span>`;
}
