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
  return title ? html`<span title=${title}>${breakable(text)}</span>` : breakable(text);
}

/** A long word gives way where one would break it by hand: behind a slash or a dash, a hash after each sixteen letters. */
function breakable(text: string): unknown {
  if (!/\S{12}/.test(text)) return text;
  const parts = text.split(/(?<=\S[/:_-])(?=\S{2})/).flatMap((part) => part.split(/(?<=\S{16})(?=\S{16})/).length > 2 ? part.match(/\s+|\S{1,16}/g) ?? [] : [part]);
  return parts.length === 1 ? text : parts.map((part, index) => (index ? html`<wbr>${part}` : part));
}
