// A menu below its button: one in the page at a time, on the browser's top layer, closed by Escape or a click elsewhere;
// the focus goes back to where it came from.
import { render, type TemplateResult } from "lit";
import { html } from "../html.js";
import type { MenuItem } from "../catalogue.js";
import { icon } from "./icon.js";
import { words } from "../words.js";

/** An entry that may begin another group. */
export type MenuEntry = MenuItem & { apart?: boolean };

let open: { close(back: boolean): void; anchor: HTMLElement } | undefined;

/** Puts a popup at its anchor, within the window, on the reading side. */
export function place(popup: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const size = popup.getBoundingClientRect();
  const right = getComputedStyle(anchor).direction === "rtl";
  const wanted = right ? at.right - size.width : at.left;
  const left = Math.max(8, Math.min(wanted, document.documentElement.clientWidth - size.width - 8));
  const below = at.bottom + 4;
  const top = below + size.height > window.innerHeight - 8 && at.top - size.height - 4 > 8 ? at.top - size.height - 4 : below;
  // Through the object model: a strict policy allows no style attributes in markup.
  popup.style.setProperty("left", `${left}px`);
  popup.style.setProperty("top", `${top}px`);
}

export function toggleMenu(anchor: HTMLElement, items: readonly MenuEntry[], choose: (item: MenuItem) => void): void {
  if (open?.anchor === anchor) return open.close(true);
  open?.close(false);
  const popup = document.createElement("div");
  popup.className = "kd-popup";
  popup.popover = "auto";
  popup.setAttribute("role", "menu");
  popup.setAttribute("aria-label", (anchor.textContent ?? "").trim());
  const entries = () => [...popup.querySelectorAll<HTMLElement>("[role=menuitem]")];
  const close = (back: boolean) => {
    if (!open || open.anchor !== anchor) return;
    open = undefined;
    anchor.setAttribute("aria-expanded", "false");
    popup.remove();
    if (back) anchor.focus();
  };
  const move = (event: KeyboardEvent) => {
    const all = entries();
    const now = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[(to + all.length) % all.length]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close(true);
    else if (event.key.length === 1) all.find((one, index) => index > now && one.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  popup.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") move(event);
  });
  popup.addEventListener("toggle", (event) => {
    // Closed by a click elsewhere: whoever was clicked keeps the focus.
    if ((event as ToggleEvent).newState === "closed") close(popup.contains(document.activeElement));
  });
  render(html`${items.map((item) => html`${item.apart ? html`<div role="separator" class="kd-popup-line"></div>` : ""}<button type="button" role="menuitem" tabindex="-1" class="kd-popup-item${item.tone === "bad" ? " kd-tone-bad" : ""}"
    @click=${() => { close(true); choose(item); }}>${icon(item.icon)}<span>${item.label}</span></button>`)}`, popup);
  (anchor.closest("dialog") ?? document.body).append(popup);
  open = { anchor, close };
  anchor.setAttribute("aria-expanded", "true");
  popup.showPopover();
  place(popup, anchor);
  entries()[0]?.focus();
}

/** The button with three dots; `name` is what its actions are for. */
export function moreButton(name: string, open_: (button: HTMLElement) => void): TemplateResult {
  const says = words.actionsFor(name);
  return html`<button type="button" class="kd-button kd-button-quiet kd-button-icon kd-button-small kd-more" aria-haspopup="menu" aria-expanded="false" title=${says}
    @click=${(event: Event) => open_(event.currentTarget as HTMLElement)}>${icon("more")}<span class="kd-hidden">${says}</span></button>`;
}
