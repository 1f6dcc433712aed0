// `form`: inputs that are sent together. All of them are checked first; the first that is wrong gets the focus.
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { buttonClass } from "../parts/button.js";

interface Field extends HTMLElement {
  validate?(): boolean;
  focusField?(): void;
}

const FIELDS = "kd-input, kd-area, kd-number, kd-select, kd-radio, kd-combobox, kd-checkbox, kd-switch, kd-date, kd-range, kd-editor";

class KdForm extends KdNode<"form"> {
  protected draw({ submit }: KdNode<"form">["props"]): unknown {
    return html`<form novalidate @submit=${this.#submit}><div class="kd-form-body">${this.kids()}</div>
      <div class="kd-buttons"><button type="submit" class=${buttonClass({ weight: "primary" })}>${submit}</button></div></form>`;
  }

  #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    const fields = [...this.querySelectorAll<Field>(FIELDS)];
    const wrong = fields.filter((field) => field.validate?.() === false);
    if (wrong.length) {
      wrong[0]!.focusField?.();
      return;
    }
    const button = this.querySelector<HTMLElement>("button[type=submit]");
    if (button) void this.actBusy(this.props.action, button);
  };
}
define("form", KdForm);
