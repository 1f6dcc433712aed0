// `json`: a JSON value that folds. What is folded is not in the page; long lists show a part and offer the rest.
import { nothing, type TemplateResult } from "lit";
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { count } from "../format.js";
import { words } from "../words.js";

const PART = 100;

/** A number that JavaScript cannot hold exactly, as it was written. */
class Exact {
  constructor(readonly text: string) {}
}

function parse(text: string): unknown {
  const revive = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && context?.source && !Number.isSafeInteger(value) && String(value) !== context.source ? new Exact(context.source) : value;
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

const isBranch = (value: unknown): value is object => typeof value === "object" && value !== null && !(value instanceof Exact);

class KdJson extends KdNode<"json"> {
  #text: string | undefined;
  #value: unknown;
  #broken = false;
  /** What the person opened or folded, and how much of a list is shown, by place. */
  #folds = new Map<string, boolean>();
  #parts = new Map<string, number>();

  protected draw({ text, depth = 2 }: KdNode<"json">["props"]): unknown {
    if (this.#text !== text) {
      this.#text = text;
      try {
        this.#value = parse(text);
        this.#broken = false;
      } catch {
        this.#broken = true;
      }
    }
    if (this.#broken) return html`<p class="kd-note">${words.jsonBroken}</p><pre class="kd-json-plain" tabindex="0" role="region" aria-label="JSON">${text}</pre>`;
    return html`<div class="kd-json">${this.#draw("", this.#value, "", 0, depth)}</div>`;
  }

  #draw(key: string, value: unknown, place: string, level: number, depth: number): TemplateResult {
    const name = key === "" && level === 0 ? nothing : html`<span class="kd-json-key">${key}</span>: `;
    if (!isBranch(value)) return html`<div class="kd-json-leaf">${name}${this.#leaf(value)}</div>`;
    const list = Array.isArray(value);
    const keys = list ? value.length : Object.keys(value).length;
    const sum = `${list ? "[" : "{"}${keys ? ` ${count(keys, this.locale)} ` : ""}${list ? "]" : "}"}`;
    if (!keys) return html`<div class="kd-json-leaf">${name}${sum}</div>`;
    const open = this.#folds.get(place) ?? level < depth;
    return html`<details ?open=${open} @toggle=${(event: Event) => {
      event.stopPropagation();
      const now = (event.currentTarget as HTMLDetailsElement).open;
      if (now === open) return;
      this.#folds.set(place, now);
      this.requestUpdate();
    }}><summary>${name}<span class="kd-muted">${sum}</span></summary>${open ? this.#inside(value, place, level, depth) : nothing}</details>`;
  }

  #inside(value: object, place: string, level: number, depth: number): TemplateResult {
    const entries = Object.entries(value);
    const shown = this.#parts.get(place) ?? PART;
    const rest = entries.length - shown;
    return html`<div class="kd-json-inside">${entries.slice(0, shown).map(([key, one]) => this.#draw(key, one, `${place}/${key}`, level + 1, depth))}
      ${rest > 0 ? html`<button type="button" class="kd-text-button" @click=${() => { this.#parts.set(place, shown + PART * 5); this.requestUpdate(); }}>${words.cut(count(rest, this.locale))}</button>` : nothing}</div>`;
  }

  #leaf(value: unknown): TemplateResult {
    if (typeof value === "string") return html`<span class="kd-json-string">${JSON.stringify(value)}</span>`;
    if (value instanceof Exact) return html`<span class="kd-json-number">${value.text}</span>`;
    if (typeof value === "number") return html`<span class="kd-json-number">${value}</span>`;
    return html`<span class="kd-json-word">${String(value)}</span>`;
  }
}
define("json", KdJson);
