// `bars`: numbers as bars, for comparing; `sparkline`: numbers as a line as high as a word.
import { svg } from "lit";
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { link } from "../parts/button.js";
import { say } from "../format.js";
import { number } from "../format.js";

class KdBars extends KdNode<"bars"> {
  protected draw({ items, label, type = "number" }: KdNode<"bars">["props"]): unknown {
    const most = Math.max(...items.map(({ value }) => Math.abs(value)), 0) || 1;
    return html`<p class="kd-label">${label}</p><ul class="kd-bars">${items.map(({ label: name, value, action }) => {
      const says = action?.open ? link(this, action.open, name)
        : action ? html`<button type="button" class="kd-text-button" @click=${(event: Event) => void this.actBusy(action, event.currentTarget as HTMLElement)}>${name}</button>` : name;
      return html`<li><span class="kd-bar-name">${says}</span>
        <svg class="kd-bar" aria-hidden="true" width="100%" height="14"><rect class=${value < 0 ? "kd-bar-below" : "kd-bar-fill"} width="${(Math.abs(value) / most) * 100}%" height="14" rx="3"></rect></svg>
        <span class="kd-number kd-bar-value">${say(type, value, this.locale).text}</span></li>`;
    })}</ul>`;
  }
}

class KdSparkline extends KdNode<"sparkline"> {
  protected draw({ values, label }: KdNode<"sparkline">["props"]): unknown {
    if (!values.length) return html`<span class="kd-muted">${label}</span>`;
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    const span = high - low || 1;
    const points = values.map((value, index) => `${((index / Math.max(1, values.length - 1)) * 98 + 1).toFixed(2)},${(19 - ((value - low) / span) * 18).toFixed(2)}`).join(" ");
    const says = `${label}: ${number(values.at(-1)!, this.locale)} (${number(low, this.locale)} – ${number(high, this.locale)})`;
    return html`<span class="kd-spark-label">${label}</span> <svg class="kd-spark" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label=${says}>${svg`<polyline points=${points}></polyline>`}</svg>`;
  }
}
define("bars", KdBars);
define("sparkline", KdSparkline);
