// `combobox`: one out of many, found by typing; with `free` anything else may be typed. The pattern of the ARIA guide:
// the focus stays in the field, the list is told by `aria-activedescendant`.
import { nothing } from "lit";
import { html } from "../html.js";
import { live } from "lit/directives/live.js";
import type { Choice } from "../catalogue.js";
import { define } from "../node.js";
import { KdField, words } from "../parts/field.js";
import { place } from "../parts/menu.js";

// More than that nobody reads; typing narrows it.
const SHOWN = 80;

class KdCombobox extends KdField<"combobox"> {
  #typed: string | undefined;
  #open = false;
  #at = -1;

  protected draw({ bind, options }: KdField<"combobox">["props"]): unknown {
    this.read(bind);
    const now = this.asText();
    const text = this.#typed ?? options.find(({ value }) => value === now)?.label ?? now;
    const found = this.#open ? this.#found() : [];
    const list = `${this.fieldId}-list`;
    return this.field(html`<div class="kd-combo"><input class="kd-control" id=${this.fieldId} type="text" role="combobox" autocomplete="off" aria-autocomplete="list"
      aria-expanded=${this.#open ? "true" : "false"} aria-controls=${this.#open ? list : nothing} aria-activedescendant=${this.#open && this.#at >= 0 ? `${list}-${this.#at}` : nothing}
      aria-required=${this.required ? "true" : nothing} aria-invalid=${this.problem ? "true" : nothing} aria-describedby=${this.describedBy} .value=${live(text)}
      @input=${this.#type} @keydown=${this.#key} @blur=${this.#leave} @click=${() => this.#show()}>
      ${this.#open ? html`<div class="kd-popup kd-combo-list" popover="manual" role="listbox" id=${list} aria-label=${this.props.label} @pointerdown=${(event: Event) => event.preventDefault()}>
        ${found.length ? found.map((choice, index) => html`<div role="option" class="kd-popup-item" id="${list}-${index}" aria-selected=${index === this.#at ? "true" : "false"} @click=${() => this.#choose(choice)}>
          <span>${choice.label}${choice.note ? html` <span class="kd-muted">${choice.note}</span>` : nothing}</span></div>`)
          : html`<div role="option" class="kd-popup-item kd-muted" aria-disabled="true" aria-selected="false">${words.noMatch}</div>`}
      </div>` : nothing}</div>`);
  }

  protected override updated(): void {
    const popup = this.querySelector<HTMLElement>(".kd-combo-list");
    if (!popup) return;
    if (!popup.matches(":popover-open")) popup.showPopover();
    place(popup, this.querySelector("input")!);
    popup.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  #found(): Choice[] {
    const wanted = (this.#typed ?? "").trim().toLocaleLowerCase(this.locale);
    const fits = this.props.options.filter(({ label, value }) => !wanted || label.toLocaleLowerCase(this.locale).includes(wanted) || value.toLocaleLowerCase(this.locale).includes(wanted));
    return fits.slice(0, SHOWN);
  }

  #show(): void {
    this.#open = true;
    this.requestUpdate();
  }

  #hide(): void {
    this.#open = false;
    this.#at = -1;
    this.requestUpdate();
  }

  #type = (event: Event): void => {
    this.#typed = (event.target as HTMLInputElement).value;
    this.#at = -1;
    if (this.props.free) this.take(this.#typed);
    this.#show();
  };

  #choose(choice: Choice): void {
    this.#typed = undefined;
    this.take(choice.value);
    this.#hide();
  }

  #key = (event: KeyboardEvent): void => {
    const found = this.#found();
    if (event.key === "Enter" && this.#open && this.#at >= 0 && found[this.#at]) this.#choose(found[this.#at]!);
    else if (event.key === "Escape" && this.#open) {
      this.#typed = undefined;
      this.#hide();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && found.length) {
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#at = this.#open ? (this.#at + step + found.length) % found.length : step > 0 ? 0 : found.length - 1;
      this.#show();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  #leave = (): void => {
    const { free, options } = this.props;
    const typed = this.#typed?.trim();
    if (!free && typed !== undefined) {
      const exact = options.find(({ label, value }) => label.toLocaleLowerCase() === typed.toLocaleLowerCase() || value === typed);
      if (exact) this.take(exact.value);
      else if (typed === "") this.take("");
    }
    this.#typed = undefined;
    this.#hide();
    this.validate();
  };
}
define("combobox", KdCombobox);
