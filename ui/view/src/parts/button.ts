// Buttons, links and what stands for an action. A button is busy while its action runs.
import { nothing, type TemplateResult } from "lit";
import { html } from "../html.js";
import type { Action, MenuItem, Target, Weight } from "../catalogue.js";
import type { Extra, KdNode } from "../node.js";
import { icon } from "./icon.js";

export interface ButtonSays {
  text: string;
  icon?: string | undefined;
  weight?: Weight | undefined;
  help?: string | undefined;
  small?: boolean;
  /** Only the icon is seen; the text is its name. */
  bare?: boolean;
}

export function buttonClass({ weight, small, bare }: Pick<ButtonSays, "weight" | "small" | "bare">): string {
  return `kd-button${weight && weight !== "normal" ? ` kd-button-${weight}` : ""}${small ? " kd-button-small" : ""}${bare ? " kd-button-icon" : ""}`;
}

/** An action as a button, or as a real link where it only leads to another place or saves a file. */
export function actionButton(from: KdNode, action: Action, says: ButtonSays, extra: Extra = {}): TemplateResult {
  const inner = html`${icon(says.icon)}${says.bare ? html`<span class="kd-hidden">${says.text}</span>` : html`<span>${says.text}</span>`}`;
  const title = says.help ?? (says.bare ? says.text : undefined);
  if (action.open) {
    return html`<a class=${buttonClass(says)} title=${title ?? nothing} href=${from.view.host.href(action.open)}
      @click=${(event: MouseEvent) => follow(from, action.open!, event)}>${inner}</a>`;
  }
  return html`<button type="button" class=${buttonClass(says)} title=${title ?? nothing}
    @click=${(event: Event) => void from.actBusy(action, event.currentTarget as HTMLElement, extra)}>${inner}</button>`;
}

export function menuButtons(from: KdNode, items: readonly MenuItem[] | undefined, first: Weight = "normal", extra: Extra = {}): TemplateResult | typeof nothing {
  if (!items?.length) return nothing;
  return html`<div class="kd-buttons">${items.map((item, index) =>
    actionButton(from, item.action, { text: item.label, icon: item.icon, weight: item.tone === "bad" ? "danger" : index === 0 ? first : "normal" }, extra))}</div>`;
}

/** A plain click stays in the page; everything else (new tab, copy) is the browser's. */
export function follow(from: KdNode, target: Target, event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  void from.act({ open: target }, event.currentTarget as HTMLElement);
}

export function link(from: KdNode, target: Target, content: unknown, options: { class?: string; current?: boolean | undefined; tabindex?: string } = {}): TemplateResult {
  return html`<a class=${options.class ?? nothing} href=${from.view.host.href(target)} aria-current=${options.current ? "page" : nothing}
    tabindex=${options.tabindex ?? nothing} @click=${(event: MouseEvent) => follow(from, target, event)}>${content}</a>`;
}
