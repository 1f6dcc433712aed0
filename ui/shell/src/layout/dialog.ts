// Dialogs on the browser's own: modal, closed by Escape, the focus goes back to where it came from. One way to open one,
// so that all of them behave alike.
import { nothing, render, type TemplateResult } from "lit";
import { html } from "../../../view/src/html.js";
import { icon, legible } from "../../../view/src/index.js";
import { t } from "../words/words.js";

export interface DialogOptions<T> {
  title: string;
  /** Its place: in the middle, at the end side as a drawer, or high up as the palette. */
  shape?: "middle" | "drawer" | "high";
  /** No title bar: the content has one of its own. */
  bare?: boolean;
  /** Where the focus goes back to when it closes. */
  opener?: HTMLElement | null;
  content(dialog: OpenDialog<T>): TemplateResult;
  /** What Escape and the cross answer; may refuse by answering false. */
  leave?(): boolean;
}

export class OpenDialog<T> {
  readonly closed: Promise<T | undefined>;
  #done!: (value: T | undefined) => void;

  constructor(readonly element: HTMLDialogElement, private readonly options: DialogOptions<T>) {
    this.closed = new Promise((done) => { this.#done = done; });
  }

  draw = (): void => {
    const { title, content, bare } = this.options;
    const id = `${this.element.id}-title`;
    render(html`
      ${bare ? nothing : html`<div class="ks-dialog-head">
        <h2 id=${id}>${title}</h2>
        <button type="button" class="kd-button kd-button-quiet kd-button-icon" aria-label=${t("close")} title=${t("close")} @click=${() => this.leave()}>${icon("close")}</button>
      </div>`}
      ${content(this)}`, this.element);
  };

  leave(): void {
    if (this.options.leave?.() === false) return;
    this.close(undefined);
  }

  close(value: T | undefined): void {
    if (!this.element.open) return;
    this.element.close();
    this.element.remove();
    const { opener } = this.options;
    // What opened it may be gone, such as the entry of a menu.
    if (document.activeElement === document.body || document.activeElement === null) {
      const back = opener?.isConnected ? opener : document.getElementById("main");
      back?.focus({ preventScroll: true });
    }
    this.#done(value);
  }
}

let counter = 0;

export function openDialog<T = void>(options: DialogOptions<T>): OpenDialog<T> {
  const element = document.createElement("dialog");
  element.id = `ks-dialog-${++counter}`;
  element.className = `kd-root ks-dialog ks-dialog-${options.shape ?? "middle"}`;
  if (options.bare) element.setAttribute("aria-label", legible(options.title));
  else element.setAttribute("aria-labelledby", `${element.id}-title`);
  const dialog = new OpenDialog<T>(element, options);
  element.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.leave();
  });
  // Beside it is outside of it; a drag that ended there (selecting text) is not a click.
  let down: EventTarget | null = null;
  element.addEventListener("pointerdown", (event) => { down = event.target; });
  element.addEventListener("click", (event) => { if (event.target === element && down === element) dialog.leave(); });
  document.body.append(element);
  dialog.draw();
  element.showModal();
  element.querySelector<HTMLElement>("[data-first]")?.focus();
  return dialog;
}
