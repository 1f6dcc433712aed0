// What all inputs share: the label, the help and the error that belong to it, the value in the data model, the check.
import { nothing, type TemplateResult } from "lit";
import { html } from "../html.js";
import type { Action, Validation } from "../catalogue.js";
import { freshId, KdNode } from "../node.js";
import { problemOf } from "./check.js";
import { words } from "../words.js";

export interface FieldProps {
  label: string;
  help?: string;
  bind: string;
  check?: Validation;
}

export type FieldKind = "input" | "area" | "number" | "select" | "radio" | "combobox" | "checkbox" | "switch" | "date" | "range" | "editor";

export abstract class KdField<K extends FieldKind> extends KdNode<K> {
  readonly fieldId = freshId("field");
  #problem = "";

  get value(): unknown {
    return this.view.model.get((this.props as FieldProps).bind);
  }

  get problem(): string {
    return this.#problem;
  }

  /** Why the value cannot be taken now, beyond `check`. */
  protected ownProblem(): string {
    return "";
  }

  /** Says what is wrong, if anything; a form asks all its inputs before it sends. */
  validate(): boolean {
    const { check } = this.props as FieldProps;
    const problem = this.ownProblem() || problemOf(check, this.value, this.locale);
    if (problem !== this.#problem) {
      this.#problem = problem;
      this.requestUpdate();
    }
    return !problem;
  }

  focusField(): void {
    (this.querySelector<HTMLElement>(`#${this.fieldId}`) ?? this.querySelector<HTMLElement>("input, textarea, select"))?.focus();
  }

  /** A new value from the person; an error that was shown goes as soon as it is mended. */
  protected take(value: unknown, change?: Action, anchor?: HTMLElement): void {
    this.write((this.props as FieldProps).bind, value);
    if (this.#problem) this.validate();
    if (change && anchor) void this.act(change, anchor, { value });
  }

  protected get describedBy(): string | typeof nothing {
    const ids = [(this.props as FieldProps).help ? `${this.fieldId}-help` : "", this.#problem ? `${this.fieldId}-error` : ""].filter(Boolean);
    return ids.length ? ids.join(" ") : nothing;
  }

  protected get required(): boolean {
    return (this.props as FieldProps).check?.required === true;
  }

  /** What is seen of `required`; who listens is told by the control itself. */
  protected get star(): TemplateResult | typeof nothing {
    return this.required ? html`<span class="kd-star" aria-hidden="true"> *</span>` : nothing;
  }

  protected words(): TemplateResult | typeof nothing {
    const { help } = this.props as FieldProps;
    return html`${help ? html`<p class="kd-help" id="${this.fieldId}-help">${help}</p>` : nothing}${this.#problem ? html`<p class="kd-error" id="${this.fieldId}-error" role="alert">${this.#problem}</p>` : nothing}`;
  }

  /** Label above, control, help and error below. */
  protected field(control: unknown): TemplateResult {
    const { label } = this.props as FieldProps;
    return html`<div class="kd-field" @focusout=${this.#left}><label for=${this.fieldId} class="kd-label">${label}${this.star}</label>${control}${this.words()}</div>`;
  }

  /** The control before its label, as boxes that are ticked have it. */
  protected inlineField(control: unknown): TemplateResult {
    const { label } = this.props as FieldProps;
    return html`<div class="kd-field"><div class="kd-inline">${control}<label for=${this.fieldId}>${label}${this.star}</label></div>${this.words()}</div>`;
  }

  #left = (event: FocusEvent): void => {
    // Not while one is still within it, and an empty field is only told so when it is sent.
    if (event.currentTarget instanceof Node && event.currentTarget.contains(event.relatedTarget as Node | null)) return;
    if (this.#problem || (this.value !== undefined && this.value !== null && this.value !== "")) this.validate();
  };

  protected asText(): string {
    const { value } = this;
    return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
  }
}

export { words };
