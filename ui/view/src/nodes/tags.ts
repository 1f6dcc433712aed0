// `tags`: words that describe something, changed in place: a word is added in a field beside them, and taken away by
// the button on it. The same is done by keyboard alone. A change is seen at once and goes back when the host says no.
import { nothing } from "lit";
import { html } from "../html.js";
import { repeat } from "lit/directives/repeat.js";
import type { Action } from "../catalogue.js";
import { define, freshId, KdNode } from "../node.js";
import { icon } from "../parts/icon.js";
import { fits } from "../parts/check.js";
import { hold } from "../unseen.js";
import { words } from "../words.js";

// Milliseconds in which what the host said yes to is drawn anew.
const PATIENCE = 3000;

class KdTags extends KdNode<"tags"> {
  #adding = false;
  #problem = "";
  #id = freshId("tag");
  /** Words on their way, and whether the host has said yes: they are shown as they will be. */
  #coming = new Map<string, { add: boolean; sure: boolean }>();
  #told = "";

  protected draw({ items, add, remove }: KdNode<"tags">["props"]): unknown {
    const told = items.join("\n");
    if (told !== this.#told) {
      this.#told = told;
      for (const [word, { add: coming, sure }] of this.#coming) if (sure || items.includes(word) === coming) this.#coming.delete(word);
    }
    const shown = new Set(items.filter((item) => this.#coming.get(item)?.add !== false));
    for (const [word, { add: coming }] of this.#coming) if (coming) shown.add(word);
    return html`<ul class="kd-chips">${repeat([...shown], (item) => item, (item) => html`<li class="kd-chip" aria-busy=${this.#coming.has(item) ? "true" : nothing}>${item}${remove && !this.#coming.has(item) ? html`<button type="button" class="kd-chip-remove"
      title=${words.remove(item)} @click=${(event: Event) => this.#change(remove, item, false, event.currentTarget as HTMLElement)}>${icon("close")}<span class="kd-hidden">${words.remove(item)}</span></button>` : nothing}</li>`)}
      ${add ? html`<li>${this.#adding ? html`<form class="kd-tag-form" @submit=${this.#submit}>
        <input class="kd-tag-input" aria-label=${words.addTag} placeholder=${words.addTag} maxlength="64" autocomplete="off" spellcheck="false" aria-invalid=${this.#problem ? "true" : nothing}
          aria-describedby=${this.#problem ? this.#id : nothing} @keydown=${this.#key} @blur=${this.#leave}></form>`
        : html`<button type="button" class="kd-chip kd-tag-add" @click=${this.#begin}>${icon("add")}<span>${items.length ? words.add : words.addTag}</span></button>`}</li>` : nothing}
    </ul>${this.#problem ? html`<p class="kd-error" id=${this.#id} role="alert">${this.#problem}</p>` : nothing}`;
  }

  #change(action: Action, word: string, add: boolean, anchor: HTMLElement): void {
    this.#coming.set(word, { add, sure: false });
    this.requestUpdate();
    // The button goes with its word: the focus stays in the list.
    if (!add) void this.updateComplete.then(() => this.querySelector<HTMLElement>(".kd-tag-add")?.focus());
    void this.act(action, anchor, { value: word }).then((done) => {
      const same = this.props.items.includes(word) === add;
      if (done && !same) {
        const coming = { add, sure: true };
        this.#coming.set(word, coming);
        // What was done and undone before anything was drawn anew never comes.
        setTimeout(() => {
          if (this.#coming.get(word) === coming) this.#coming.delete(word);
          this.requestUpdate();
        }, PATIENCE);
      } else this.#coming.delete(word);
      this.requestUpdate();
    });
  }

  #begin = (): void => {
    this.#adding = true;
    this.requestUpdate();
    void this.updateComplete.then(() => this.querySelector<HTMLInputElement>(".kd-tag-input")?.focus());
  };

  #end(back: boolean): void {
    this.#adding = false;
    this.#problem = "";
    this.requestUpdate();
    if (back) void this.updateComplete.then(() => this.querySelector<HTMLElement>(".kd-tag-add")?.focus());
  }

  #key = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.#end(true);
  };

  #leave = (event: FocusEvent): void => {
    if (!(event.currentTarget as HTMLInputElement).value.trim() && this.#adding) this.#end(false);
  };

  #submit = (event: Event): void => {
    event.preventDefault();
    const input = this.querySelector<HTMLInputElement>(".kd-tag-input");
    const word = input?.value.trim() ?? "";
    const { add, items } = this.props;
    if (!input || !word || !add) return;
    this.#problem = fits("tag", word) ? "" : words.notTag;
    this.requestUpdate();
    if (this.#problem) return;
    // The field stays for the next word.
    hold(input, "");
    if (!items.includes(word) && !this.#coming.has(word)) this.#change(add, word, true, input);
  };
}
define("tags", KdTags);
