// `select`: one out of a few; `radio`: one out of a few, all of them to be seen; `date`: a day; `range`: a number
// between two others.
import { nothing } from "lit";
import { html } from "../html.js";
import { live } from "lit/directives/live.js";
import { define } from "../node.js";
import { number } from "../format.js";
import { KdField } from "../parts/field.js";

class KdSelect extends KdField<"select"> {
  protected draw({ bind, options, change }: KdField<"select">["props"]): unknown {
    this.read(bind);
    const now = this.asText();
    const known = options.some(({ value }) => value === now);
    return this.field(html`<select class="kd-control" id=${this.fieldId} aria-required=${this.required ? "true" : nothing} aria-invalid=${this.problem ? "true" : nothing} aria-describedby=${this.describedBy}
      @change=${(event: Event) => {
        const select = event.target as HTMLSelectElement;
        this.take(select.value, change, select);
      }}>
      ${known ? nothing : html`<option value=${now} .selected=${live(true)}>${now || "–"}</option>`}
      ${options.map(({ value, label, note }) => html`<option value=${value} .selected=${live(value === now)}>${note ? `${label} · ${note}` : label}</option>`)}
    </select>`);
  }
}

class KdRadio extends KdField<"radio"> {
  protected draw({ bind, label, options }: KdField<"radio">["props"]): unknown {
    this.read(bind);
    const now = this.asText();
    return html`<fieldset class="kd-field" aria-describedby=${this.describedBy} aria-required=${this.required ? "true" : nothing} role="radiogroup">
      <legend class="kd-label">${label}${this.star}</legend>
      ${options.map(({ value, label: says, note }, index) => html`<div class="kd-inline">
        <input type="radio" id=${index ? `${this.fieldId}-${index}` : this.fieldId} name=${this.fieldId} .checked=${live(value === now)} @change=${() => this.take(value)}>
        <label for=${index ? `${this.fieldId}-${index}` : this.fieldId}>${says}${note ? html`<span class="kd-muted"> ${note}</span>` : nothing}</label></div>`)}
      ${this.words()}</fieldset>`;
  }
}

class KdDate extends KdField<"date"> {
  protected draw({ bind }: KdField<"date">["props"]): unknown {
    this.read(bind);
    return this.field(html`<input class="kd-control" id=${this.fieldId} type="date" .value=${live(this.asText())} aria-required=${this.required ? "true" : nothing}
      aria-invalid=${this.problem ? "true" : nothing} aria-describedby=${this.describedBy} @change=${(event: Event) => this.take((event.target as HTMLInputElement).value)}>`);
  }
}

class KdRange extends KdField<"range"> {
  protected draw({ bind, minimum, maximum, step }: KdField<"range">["props"]): unknown {
    const raw = this.read(bind);
    const value = typeof raw === "number" ? raw : minimum;
    return this.field(html`<div class="kd-with-unit"><input id=${this.fieldId} type="range" min=${minimum} max=${maximum} step=${step && step > 0 ? step : "any"} .value=${live(String(value))}
      aria-describedby=${this.describedBy} aria-valuetext=${number(value, this.locale)} @input=${(event: Event) => this.take((event.target as HTMLInputElement).valueAsNumber)}>
      <output class="kd-number" for=${this.fieldId}>${number(value, this.locale)}</output></div>`);
  }
}
define("select", KdSelect);
define("radio", KdRadio);
define("date", KdDate);
define("range", KdRange);
