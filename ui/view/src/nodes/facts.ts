// `facts`: labels with a value each; `stat`: one number that matters.
import { nothing } from "lit";
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { value as typed } from "../parts/value.js";

class KdFacts extends KdNode<"facts"> {
  protected draw({ items }: KdNode<"facts">["props"]): unknown {
    return html`<dl>${items.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
  }
}

class KdStat extends KdNode<"stat"> {
  protected draw({ label, value, type, note, tone = "normal" }: KdNode<"stat">["props"]): unknown {
    return html`<dl><dt>${label}</dt><dd class="kd-stat-value kd-number kd-tone-${tone}">${typed(type ?? (typeof value === "number" ? "number" : "text"), value, this.locale)}</dd>
      ${note ? html`<dd class="kd-muted kd-stat-note">${note}</dd>` : nothing}</dl>`;
  }
}
define("facts", KdFacts);
define("stat", KdStat);
