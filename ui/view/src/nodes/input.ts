// `input`: a line of text; `area`: text of many lines; `number`: a number with its unit.
import { nothing } from "lit";
import { html } from "../html.js";
import { live } from "lit/directives/live.js";
import { define } from "../node.js";
import { KdField, words } from "../parts/field.js";

class KdInput extends KdField<"input"> {
  protected draw({ bind, placeholder }: KdField<"input">["props"]): unknown {
    this.read(bind);
    return this.field(html`<input class="kd-control" id=${this.fieldId} type="text" autocomplete="off" placeholder=${placeholder ?? nothing} .value=${live(this.asText())}
      aria-required=${this.required ? "true" : nothing} aria-invalid=${this.problem ? "true" : nothing} aria-describedby=${this.describedBy}
      @input=${(event: Event) => this.take((event.target as HTMLInputElement).value)}>`);
  }
}

class KdArea extends KdField<"area"> {
  protected draw({ bind, rows = 4 }: KdField<"area">["props"]): unknown {
    this.read(bind);
    return this.field(html`<textarea class="kd-control" id=${this.fieldId} rows=${Math.min(rows, 40)} .value=${live(this.asText())}
      aria-required=${this.required ? "true" : nothing} aria-invalid=${this.problem ? "true" : nothing} aria-describedby=${this.describedBy}
      @input=${(event: Event) => this.take((event.target as HTMLTextAreaElement).value)}></textarea>`);
  }
}

class KdNumber extends KdField<"number"> {
  #bad = false;
  protected override ownProblem(): string {
    return this.#bad ? words.notNumber : "";
  }
  protected draw({ bind, unit, check }: KdField<"number">["props"]): unknown {
    this.read(bind);
    const input = html`<input class="kd-control kd-number" id=${this.fieldId} type="number" step="any" inputmode="decimal" min=${check?.minimum ?? nothing} max=${check?.maximum ?? nothing}
      .value=${this.#bad ? nothing : live(this.asText())} aria-required=${this.required ? "true" : nothing} aria-invalid=${this.problem ? "true" : nothing} aria-describedby=${this.describedBy}
      @input=${(event: Event) => {
        const input = event.target as HTMLInputElement;
        this.#bad = input.validity.badInput;
        if (!this.#bad) this.take(input.value === "" ? null : input.valueAsNumber);
      }}>`;
    return this.field(unit ? html`<div class="kd-with-unit">${input}<span class="kd-muted">${unit}</span></div>` : input);
  }
  protected override asText(): string {
    // What is being typed (`1.`, `1e`) is the same number; it is not written over.
    const input = this.querySelector("input");
    return input && input.value !== "" && input.valueAsNumber === this.value ? input.value : super.asText();
  }
}
define("input", KdInput);
define("area", KdArea);
define("number", KdNumber);
