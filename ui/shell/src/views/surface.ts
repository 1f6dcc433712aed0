// <ks-surface>: one surface on the page. It shows what it has (from the cache at once), the shape of what comes while
// that takes a moment, and says calmly when it cannot be drawn. Who draws it is told by the shell, not by the plug-in.
import { LitElement, nothing, type PropertyValues } from "lit";
import { html } from "../../../view/src/html.js";
import { icon } from "../../../view/src/index.js";
import type { App } from "../app.js";
import { bones } from "../layout/states.js";
import { copyText } from "../layout/notices.js";
import type { Surface } from "../places/screens.js";
import { sentence, type Problem } from "../transport/problem.js";
import { t } from "../words/words.js";
import type { OpenView } from "./views.js";

// A screen that comes at once needs no skeleton: it would only flicker. After ten seconds one is told what goes on.
const PATIENCE = 150;
const LONG = 10_000;
// What stands below one that is not drawn yet would be pushed down by it: it is not painted so long.
const TOGETHER = 1_000;

export class SurfaceFrame extends LitElement {
  static override properties = {
    app: { attribute: false }, surface: { attribute: false }, address: { attribute: false }, params: { attribute: false }, about: { type: Boolean },
    waiting: { state: true }, late: { state: true }, long: { state: true },
  };
  declare app: App;
  declare surface: Surface;
  declare address: string;
  declare params: Record<string, string>;
  /** Whether it has a menu that tells who draws it. */
  declare about: boolean;
  declare waiting: boolean;
  declare late: boolean;
  declare long: boolean;
  #view: OpenView | undefined;
  /** What is on the screen until the next is ready. */
  #before: OpenView | undefined;
  #stop: (() => void)[] = [];
  #timers: ReturnType<typeof setTimeout>[] = [];

  constructor() {
    super();
    this.address = "";
    this.params = {};
    this.about = false;
    this.waiting = this.late = this.long = false;
  }

  get view(): OpenView | undefined {
    return this.#view;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#leave();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.requestUpdate();
  }

  #leave(): void {
    for (const stop of this.#stop) stop();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#stop = [];
    this.#view?.hide();
    this.#view = undefined;
  }

  protected override willUpdate(_: PropertyValues): void {
    if (!this.isConnected) return;
    const view = this.app.views.of(this.surface, this.address, this.params);
    if (view === this.#view) return;
    const drawn = this.#view?.state.value.is;
    const before = drawn === "ready" || drawn === "renewing" ? this.#view : undefined;
    this.#leave();
    this.#view = view;
    // A side bar that went blank at every step would be a flicker: the old one stays until the new one is there.
    this.#before = before?.surface === view.surface ? before : undefined;
    this.waiting = this.late = this.long = false;
    this.#timers = [
      setTimeout(() => { this.waiting = true; }, PATIENCE),
      setTimeout(() => { this.late = true; }, TOGETHER),
      setTimeout(() => { this.long = true; }, LONG),
    ];
    this.#stop = [view.state.watch(() => this.#changed())];
    view.show();
  }

  #changed(): void {
    this.requestUpdate();
    if (this.#view?.state.value.is !== "loading") this.dispatchEvent(new CustomEvent("ks-drawn", { bubbles: true }));
  }

  protected override updated(): void {
    const coming = this.#view?.state.value.is === "loading" && !this.#before && !this.late;
    this.toggleAttribute("data-coming", coming);
  }

  protected override render(): unknown {
    const view = this.#view;
    if (!view) return nothing;
    const state = view.state.value;
    switch (state.is) {
      case "loading": {
        if (this.#before) return html`${this.#before.element}`;
        return this.waiting ? this.#skeleton() : nothing;
      }
      case "ready":
      case "renewing":
        this.#before = undefined;
        return html`<div class="ks-surface-body" aria-busy=${state.is === "renewing" ? "true" : nothing}>${view.element}</div>`;
      case "problem":
        return this.#problem(state.problem, view);
      case "lost":
        return this.#problem(state.problem, view, true);
    }
  }

  #skeleton(): unknown {
    return html`<div class="ks-skeleton" role="status">
      <span class="kd-hidden">${t("loading.what", { what: this.surface.title })}</span>
      ${bones}
      ${this.long ? html`<div class="kd-spread"><p class="kd-muted">${t("loading.long", { plugin: this.surface.plugin })}</p>
        <button type="button" class="kd-button kd-button-small" @click=${() => this.#view?.stop()}>${icon("stop")}<span>${t("stop")}</span></button></div>` : nothing}
    </div>`;
  }

  #problem(problem: Problem, view: OpenView, lost = false): unknown {
    const title = lost ? t("lost.title", { what: this.surface.title })
      : problem.kind === "cancelled" ? t("loading.stopped", { what: this.surface.title }) : problem.kind === "denied" ? t("denied.title") : problem.kind === "not-found" ? t("nothere.title") : t("failed.title", { what: this.surface.title });
    return html`<div class="ks-state" role="alert">
      <span class="ks-state-sign">${icon(lost ? "plugin" : problem.kind === "denied" ? "shield" : problem.kind === "not-found" ? "search" : "warning")}</span>
      <h2>${title}</h2>
      <p>${sentence(problem.detail)}</p>
      ${problem.help ? html`<p class="kd-muted">${sentence(problem.help)}</p>` : nothing}
      <div class="kd-buttons">
        <button type="button" class="kd-button" @click=${() => void view.open()}>${icon("retry")}<span>${t("retry")}</span></button>
        <a class="kd-button kd-button-quiet" href="/">${icon("home")}<span>${t("home.go")}</span></a>
      </div>
      <p class="ks-trace kd-muted">${t("by.plugin", { plugin: this.surface.plugin })}${problem.trace ? html` · ${t("trace")} <code>${problem.trace}</code>
        <button type="button" class="kd-button kd-button-quiet kd-button-small" @click=${() => void copyText(problem.trace!)}>${t("copy")}</button>` : nothing}</p>
    </div>`;
  }
}

customElements.define("ks-surface", SurfaceFrame);
