// `checkbox`: yes or no; `switch`: on or off, at once.
import { nothing } from "lit";
import { html } from "../html.js";
import { live } from "lit/directives/live.js";
import { define } from "../node.js";
import { KdField } from "../parts/field.js";

class KdCheckbox extends KdField<"checkbox"> {
  protected draw({ bind }: KdField<"checkbox">["props"]): unknown {
    const on = this.read(bind) === true;
    return this.inlineField(html`<input type="checkbox" id=${this.fieldId} .checked=${live(on)} aria-required=${this.required ? "true" : nothing}
      aria-invalid=${this.problem ? "true" : nothing} aria-describedby=${this.describedBy} @change=${(event: Event) => this.take((event.target as HTMLInputElement).checked)}>`);
  }
}

class KdSwitch extends KdField<"switch"> {
  protected draw({ bind, change }: KdField<"switch">["props"]): unknown {
    const on = this.read(bind) === true;
    return this.inlineField(html`<input type="checkbox" role="switch" class="kd-switch" id=${this.fieldId} .checked=${live(on)} aria-describedby=${this.describedBy}
      @change=${(event: Event) => {
        const input = event.target as HTMLInputElement;
        this.take(input.checked, change, input);
      }}>`);
  }
}
define("checkbox", KdCheckbox);
define("switch", KdSwitch);
