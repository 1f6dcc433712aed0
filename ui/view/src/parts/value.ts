// A typed value as a person sees it: in a cell, a fact, a number that matters.
import { html, nothing, type TemplateResult } from "lit";
import { say } from "../format.js";
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
  return title ? html`<span title=${title}>${text}</span>` : text;
}
