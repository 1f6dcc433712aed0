// What a search found: `hits` best first, with the pieces that matched; `facets` how the found things divide.
import { nothing } from "lit";
import { html } from "../html.js";
import type { FacetValue, Hit } from "../catalogue.js";
import { define, KdNode } from "../node.js";
import { count } from "../format.js";
import { icon } from "../parts/icon.js";
import { link } from "../parts/button.js";
import { chips } from "../parts/value.js";
import { words } from "../words.js";

const KIND_ICON: Record<string, string> = { asset: "asset", object: "file", column: "column" };

class KdHits extends KdNode<"hits"> {
  protected draw({ items, total }: KdNode<"hits">["props"]): unknown {
    return html`<p class="kd-hidden" role="status">${words.found(total, count(total, this.locale))}</p><ol class="kd-hits">${items.map((hit) => this.#hit(hit))}</ol>`;
  }

  #hit({ title, address, kind, summary, tags, fragments, open }: Hit): unknown {
    return html`<li class="kd-hit">${icon(KIND_ICON[kind] ?? "file")}<div>
      <p>${open ? link(this, open, title, { class: "kd-hit-title" }) : html`<span class="kd-strong">${title}</span>`}${tags?.length ? html` ${chips(tags)}` : nothing}</p>
      <p class="kd-muted kd-hit-address"><span class="kd-hidden">${kind} </span>${address}</p>
      ${summary ? html`<p class="kd-hit-summary">${summary}</p>` : nothing}
      ${fragments?.map(({ field, parts }) => html`<p class="kd-hit-fragment"><span class="kd-muted">${words.inField(field)}: </span>${parts.map(({ text, matched }) => (matched ? html`<mark>${text}</mark>` : text))}</p>`)}
    </div></li>`;
  }
}

class KdFacets extends KdNode<"facets"> {
  protected draw({ items }: KdNode<"facets">["props"]): unknown {
    return items.map(({ field, values }) => html`<fieldset class="kd-facet"><legend>${field}</legend>${values.map((value) => this.#value(value))}</fieldset>`);
  }

  #value({ value, count: many, action, chosen = false }: FacetValue): unknown {
    const inner = html`<span class="kd-facet-name">${chosen ? icon("check") : nothing}${value}</span><span class="kd-muted kd-number">${count(many, this.locale)}</span>`;
    if (!action) return html`<div class="kd-facet-value">${inner}</div>`;
    if (action.open) return link(this, action.open, inner, { class: "kd-facet-value", current: chosen });
    return html`<button type="button" class="kd-facet-value" aria-pressed=${chosen ? "true" : "false"} @click=${(event: Event) => void this.actBusy(action, event.currentTarget as HTMLElement)}>${inner}</button>`;
  }
}
define("hits", KdHits);
define("facets", KdFacets);
