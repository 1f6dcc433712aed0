// The one box: text and tags, or SQL, or whatever some plug-in makes of a text. While one types it shows which of them it
// took, one key takes the next, and Enter opens the result under a URL of its own.
import { LitElement, nothing } from "lit";
import { html } from "../../../view/src/html.js";
import { hold, icon } from "../../../view/src/index.js";
import type { App } from "../app.js";
import { addressParts } from "../places/place.js";
import { inSlot, interpret, slug, type Surface } from "../places/screens.js";
import { Watch } from "../store.js";
import { either, t } from "../words/words.js";
import { past, rememberText } from "./past.js";

interface Choice {
  id: string;
  text: string;
  note: string;
  sign: string;
  choose(): void;
}

export class Box extends LitElement {
  static override properties = { app: { attribute: false }, text: { state: true }, taken: { state: true }, open: { state: true }, active: { state: true } };
  declare app: App;
  declare text: string;
  /** The interpretation that the person took by hand; empty: as the first words say. */
  declare taken: string;
  declare open: boolean;
  declare active: number;
  #watching = false;

  constructor() {
    super();
    this.text = this.taken = "";
    this.open = false;
    this.active = -1;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.#watching) return;
    this.#watching = true;
    new Watch(this, this.app.session.surfaces, this.app.router.place);
    this.#follow();
    this.app.router.place.watch(() => this.#follow());
  }

  /** What the URL says, so that going back shows the text of before. */
  #follow(): void {
    const { kind, params, tab } = this.app.router.place.value;
    if (kind === "find") {
      this.text = params["q"] ?? "";
      this.taken = tab;
    } else if (!this.contains(document.activeElement)) {
      this.text = this.taken = "";
    }
    this.open = false;
  }

  get #boxes(): Surface[] {
    return inSlot(this.app.session.surfaces.value, "box");
  }

  get #chosen(): Surface | undefined {
    const { value } = this.app.session.surfaces;
    return (this.taken && this.#boxes.find((box) => slug(box, value) === this.taken)) || interpret(this.text, this.#boxes);
  }

  focusBox(): void {
    const field = this.querySelector<HTMLInputElement>("input");
    field?.focus();
    field?.select();
  }

  #switch(): void {
    const boxes = this.#boxes;
    const now = this.#chosen;
    const next = boxes[(boxes.indexOf(now!) + 1) % boxes.length];
    if (!next) return;
    this.taken = slug(next, this.app.session.surfaces.value);
    this.app.say(t("box.as", { as: next.title }));
    // On a result the other interpretation is shown at once.
    const place = this.app.router.place.value;
    if (place.kind === "find" && this.text.trim() === (place.params["q"] ?? "").trim()) this.#find();
  }

  #find(): void {
    const q = this.text.trim();
    if (!q || !this.#chosen) return;
    rememberText(q);
    this.open = false;
    // What is looked for is looked for here: in the project that the page shows, or that the last result was about.
    const { address, params } = this.app.router.place.value;
    const project = addressParts(address).project || params["in"];
    this.app.router.go({ kind: "find", area: "", address: "", tab: this.taken, params: project ? { q, in: project } : { q } });
  }

  get #choices(): Choice[] {
    const { value } = this.app.session.surfaces;
    const q = this.text.trim();
    if (!q) {
      return past().map((text, index) => ({ id: `ks-box-${index}`, text, note: "", sign: "history", choose: () => { this.text = text; this.#find(); } }));
    }
    return this.#boxes.map((box, index) => ({
      id: `ks-box-${index}`, text: q, note: box.title, sign: box.icon || "search",
      choose: () => { this.taken = slug(box, value); this.#find(); },
    }));
  }

  #key = (event: KeyboardEvent): void => {
    const choices = this.open ? this.#choices : [];
    if (event.key === "Enter" && event.altKey) this.#switch();
    else if (event.key === "Enter" && !event.isComposing) {
      const choice = choices[this.active];
      if (choice) choice.choose();
      else this.#find();
    } else if (event.key === "Escape") {
      if (!this.open) return;
      this.open = false;
    } else if (event.key === "ArrowDown") {
      this.open = true;
      this.active = Math.min(this.active + 1, this.#choices.length - 1);
    } else if (event.key === "ArrowUp" && this.open && this.active >= 0) this.active--;
    else return;
    event.preventDefault();
  };

  protected override updated(): void {
    const field = this.querySelector<HTMLInputElement>("input");
    // A text of many lines, from an editor, is shown in one and kept as it is until it is changed here.
    const line = this.text.replace(/\s*\n\s*/g, " ");
    if (field && field.value !== line) hold(field, line);
  }

  protected override render(): unknown {
    const boxes = this.#boxes;
    // Its room is kept while it is not known whether there is one, so that nothing moves when it comes.
    if (!boxes.length) return this.app.session.surfaces.value.length ? nothing : html`<div class="ks-box-wait" aria-hidden="true"></div>`;
    const chosen = this.#chosen;
    // In the order in which one would try them: what takes any text first.
    const ways = either([...boxes].sort((a, b) => a.fits.length - b.fits.length).map(({ title }) => title));
    const choices = this.open ? this.#choices : [];
    const shown = this.open && choices.length > 0;
    return html`<search class="ks-box" @focusout=${(event: FocusEvent) => { if (!this.contains(event.relatedTarget as Node | null)) this.open = false; }}>
      <form @submit=${(event: Event) => { event.preventDefault(); this.#find(); }}>
        <span class="ks-box-sign">${icon(chosen?.icon || "search")}</span>
        <input id="ks-box" role="combobox" aria-label=${t("box.label", { ways })} aria-expanded=${shown} aria-controls="ks-box-list" aria-autocomplete="list"
          aria-activedescendant=${shown && this.active >= 0 ? `ks-box-${this.active}` : nothing} aria-describedby="ks-box-as"
          placeholder=${t("box.placeholder", { ways })} autocomplete="off" autocapitalize="none" spellcheck="false"
          @keydown=${this.#key} @focus=${() => { this.open = true; this.active = -1; }}
          @input=${(event: InputEvent) => { this.text = (event.target as HTMLInputElement).value; this.open = true; this.active = -1; if (!this.text.trim()) this.taken = ""; }}>
        ${boxes.length > 1 && this.text.trim() ? html`<button type="button" class="ks-box-as" id="ks-box-as" title=${t("box.switch")} aria-keyshortcuts="Alt+Enter"
          @click=${() => { this.#switch(); this.querySelector("input")?.focus(); }}>
          <span class="kd-hidden">${t("box.as", { as: "" })}</span>${chosen?.title ?? ""}<kbd aria-hidden="true">Alt ↵</kbd></button>`
          : html`<span class="ks-box-hint kd-muted" id="ks-box-as" aria-hidden="true">${this.app.keys.single ? html`<kbd>/</kbd>` : nothing}</span>`}
        <button class="kd-button ks-box-go" aria-label=${t("box.find")} title=${t("box.find")}><span class="ks-go-sign">${icon("search")}</span><span class="ks-wide">${t("box.find")}</span></button>
      </form>
      <ul class="ks-box-list kd-popup-list" id="ks-box-list" role="listbox" aria-label=${this.text.trim() ? t("box.ways") : t("box.past")} ?hidden=${!shown}>
        ${choices.map((choice, index) => html`<li id=${choice.id} role="option" aria-selected=${index === this.active} class="kd-popup-item"
          @pointerdown=${(event: Event) => event.preventDefault()} @click=${choice.choose}>
          ${icon(choice.sign)}<span class="ks-ellipsis">${choice.text}</span>${choice.note ? html`<span class="kd-muted ks-end">${choice.note}</span>` : nothing}</li>`)}
      </ul>
    </search>`;
  }
}

customElements.define("ks-box", Box);
