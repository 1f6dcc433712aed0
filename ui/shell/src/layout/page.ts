// <ks-app>: the page as a person sees it. Top bar with the way here, areas, the one box, the screen, the bar at the side;
// everything in it comes from the list of surfaces and from the address.
import { LitElement, nothing, type TemplateResult } from "lit";
import { html } from "../../../view/src/html.js";
import { repeat } from "lit/directives/repeat.js";
import { icon } from "../../../view/src/index.js";
import { works } from "../actions/works.js";
import { SIDE_IS_DRAWER, type App } from "../app.js";
import { addressParts, crumbs, formatPlace, HOME, type Place } from "../places/place.js";
import { bySlug, inSlot, slug, type Surface } from "../places/screens.js";
import { OWN_PAGES } from "../settings/pages.js";
import { preferences } from "../settings/preferences.js";
import { Watch } from "../store.js";
import { sentence } from "../transport/problem.js";
import { hasFiles } from "../uploads/files.js";
import { groups as uploading, left as unfinished, sums } from "../uploads/state.js";
import { copyText } from "./notices.js";
import type { SurfaceFrame } from "../views/surface.js";
import { percent, t } from "../words/words.js";
import { bones, stateBox } from "./states.js";

// Bar 30 of the study: told within three seconds; a hiccup of less than one is nobody's concern.
const TELL_AFTER = 1000;
const NONE: Record<string, string> = {};

export class Page extends LitElement {
  static override properties = { app: { attribute: false }, away: { state: true }, over: { state: true }, bare: { state: true } };
  declare app: App;
  declare away: boolean;
  /** Files are being dragged over the page. */
  declare over: boolean;
  /** No surface drew a title: the page says where it is for those who go by headings. */
  declare bare: boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawer: HTMLDialogElement | null = null;
  /** Where the focus goes back to when the drawer closes. */
  #opener: HTMLElement | null = null;
  /** The tab of each row that was brought into sight. */
  #shown = new WeakMap<Element, Element>();
  #watching = false;

  constructor() {
    super();
    this.away = this.over = this.bare = false;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  begin(app: App): void {
    this.app = app;
    this.replaceChildren();
    if (this.#watching) return;
    this.#watching = true;
    const { session, router, looked, assetKind, sideOpen } = app;
    new Watch(this, session.surfaces, session.standing, session.tasks, works, session.person, router.place, uploading, unfinished, looked, assetKind, preferences, sideOpen);
    session.standing.watch((standing) => {
      clearTimeout(this.#timer);
      if (standing === "lost") this.#timer = setTimeout(() => { this.away = true; }, TELL_AFTER);
      else this.away = false;
    });
    this.#parts.observe(this, { childList: true, subtree: true });
    this.addEventListener("focusin", (event) => { this.#focused = (event.target as Element).closest("#main") ? (event.target as Element) : undefined; });
    addEventListener("dragenter", this.#drag);
    addEventListener("dragover", this.#drag);
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) this.over = false; });
    addEventListener("drop", this.#drop);
    this.addEventListener("ks-drawn", () => this.#drawn());
  }

  #mainView() {
    return this.querySelector<SurfaceFrame>("#main ks-surface")?.view;
  }

  /** A screen that brings no title of its own gets one, and nobody loses the focus, whenever its parts come and go. */
  #parts = new MutationObserver(() => {
    this.bare = !this.querySelector("#main h1:not(.ks-h1)");
    // What had the focus was drawn away, such as a form that was sent: whoever goes on by keyboard goes on here.
    if (!this.#focused || this.#focused.isConnected) return;
    this.#focused = undefined;
    if (document.activeElement === document.body && !document.querySelector("dialog[open]")) document.getElementById("main")?.focus({ preventScroll: true });
  });
  #focused: Element | undefined;

  #drawn(): void {
    const view = this.#mainView();
    const place = this.app.router.place.value;
    if (view?.kind.value && place.kind === "asset") {
      this.app.assetKind.set({ address: place.address.split("/").slice(0, 2).join("/").replace(/@.*/, ""), kind: view.kind.value });
    }
  }

  #drag = (event: DragEvent): void => {
    if (!hasFiles(event.dataTransfer) || event.defaultPrevented) return;
    event.preventDefault();
    this.over = true;
  };

  #drop = (event: DragEvent): void => {
    this.over = false;
    // A drop place of a view took it.
    if (event.defaultPrevented || !hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    void this.app.upload("", event.dataTransfer!);
  };

  protected override updated(): void {
    // The side bar as a drawer is a dialog: it holds the focus and Escape closes it.
    const drawer = this.querySelector<HTMLDialogElement>("dialog.ks-side-drawer");
    if (drawer && drawer !== this.#drawer) {
      this.#opener = document.activeElement as HTMLElement | null;
      drawer.showModal();
    } else if (!drawer && this.#drawer && document.activeElement === document.body) this.#opener?.focus({ preventScroll: true });
    this.#drawer = drawer;
    // On a narrow screen the tab of where one is may be beyond the edge: once, then the row is the person's.
    for (const link of this.querySelectorAll<HTMLElement>(":is(.ks-areas, .ks-tabs, .ks-settings-nav) [aria-current]")) {
      const row = link.closest("ul")!;
      if (this.#shown.get(row) === link) continue;
      this.#shown.set(row, link);
      if (row.scrollWidth <= row.clientWidth) continue;
      const [at, of] = [link.getBoundingClientRect(), row.getBoundingClientRect()];
      row.scrollLeft += document.documentElement.dir === "rtl" ? at.right - of.right + 24 : at.left - of.left - 24;
    }
  }

  protected override render(): unknown {
    if (!this.app) return nothing;
    const { session } = this.app;
    const standing = session.standing.value;
    // Somebody who is in the middle of something keeps it: the page stays and says what is needed.
    const out = standing === "signed-out";
    if (out && !session.surfaces.value.length) return stateBox("signed-out", () => location.reload());
    return html`
      <a class="ks-skip" href="#main" @click=${(event: Event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>${t("skip")}</a>
      ${this.#top()}
      ${out ? html`<div class="ks-away" role="alert"><span>${icon("shield")} ${t("signedout.kept")}</span>
        <button type="button" class="kd-button kd-button-small" @click=${() => session.link.retry()}>${t("retry")}</button></div>` : nothing}
      ${this.away && !out ? html`<div class="ks-away" role="alert"><span class="ks-spin"></span><span>${t("away")}</span>
        <button type="button" class="kd-button kd-button-small" @click=${() => session.link.retry()}>${t("away.retry")}</button></div>` : nothing}
      <div class="ks-body ${preferences.value.side ? "" : "ks-body-wide"}">
        <div class="ks-column">
          <ks-box .app=${this.app}></ks-box>
          <main id="main" tabindex="-1" aria-label=${this.#name()}>${session.surfaces.value.length || standing === "here" ? this.#outlet() : this.#loading()}</main>
        </div>
        ${this.#side()}
      </div>
      ${this.over ? html`<div class="ks-over" aria-hidden="true"><div>${icon("upload")}<strong>${this.app.uploadTo ? t("drop.to", { to: this.app.uploadTo }) : t("drop.choose")}</strong></div></div>` : nothing}
      <ks-notices></ks-notices>`;
  }

  #name(): string {
    const place = this.app.router.place.value;
    const area = bySlug(this.app.session.surfaces.value, "area", place.area)?.title;
    return place.address || area || (place.kind === "find" ? t("box.find") : place.kind === "settings" ? t("settings") : t("home"));
  }

  #top(): TemplateResult {
    const { app } = this;
    const { session, router } = app;
    const place = router.place.value;
    const { value } = session.surfaces;
    const way = crumbs(place, t("workbench"));
    if (place.kind === "find") way.push({ text: t("box.find"), place });
    if (place.kind === "settings") way.push({ text: t("settings"), place });
    const areas = inSlot(value, "area");
    const { project } = addressParts(place.address);
    const running = session.tasks.value.filter(({ state }) => state === "running").length;
    const groups = uploading.value.map(sums).filter(({ state }) => state === "sending" || state === "waiting" || state === "paused");
    const sent = groups.reduce((sum, group) => sum + group.sent, 0);
    const all = groups.reduce((sum, group) => sum + group.bytes, 0);
    const busy = running + groups.length + unfinished.value.length + works.value.length;
    return html`<header class="ks-top">
      <div class="ks-top-row">
        <a class="ks-brand" href="/" aria-label=${t("home.link")}><span class="ks-logo" aria-hidden="true"></span><span class="ks-wide">KAML-D</span></a>
        <nav class="ks-way" aria-label=${t("way")}><ol>${way.map(({ text, place: to }, index) => html`<li>
          ${index ? html`<span class="ks-way-sep" aria-hidden="true">${icon("chevron-right")}</span>` : nothing}
          <a href=${formatPlace(to)} aria-current=${index === way.length - 1 ? "page" : nothing} title=${text} dir="auto">${text}</a></li>`)}</ol></nav>
        <div class="ks-tools">
          <button type="button" class="kd-button kd-button-quiet ${busy ? "" : "kd-button-icon"}" title=${t("tasks.title")} @click=${(event: Event) => void app.openTasks(event.currentTarget as HTMLElement)}>
            ${groups.length ? html`<span class="ks-spin"></span>` : icon("task")}<span class=${busy ? "kd-number" : "kd-hidden"}>${groups.length && all ? percent(sent / all) : busy ? busy : ""}<span class="kd-hidden"> ${t("tasks.title")}</span></span></button>
          <button type="button" class="kd-button ks-palette-button" aria-keyshortcuts="Control+K Meta+K" title=${t("palette.open")} @click=${(event: Event) => void app.openPalette(event.currentTarget as HTMLElement)}>
            ${icon("list")}<span class="ks-wide">${t("palette.button")}</span><span class="kd-hidden ks-narrow-only">${t("palette.open")}</span><kbd class="ks-wide" aria-hidden="true">${/Mac/.test(navigator.platform) ? "⌘K" : "Ctrl K"}</kbd></button>
          <button type="button" class="kd-button kd-button-quiet kd-button-icon" aria-expanded=${SIDE_IS_DRAWER.matches ? app.sideOpen.value : preferences.value.side}
            aria-label=${t("side.toggle")} title=${t("side.toggle")} @click=${() => app.toggleSide()}>${icon("menu")}</button>
        </div>
      </div>
      ${areas.length ? html`<nav class="ks-areas" aria-label=${t("areas")} @focusin=${inSight}><ul>${areas.map((area) => {
        const name = slug(area, value);
        const current = place.area === name;
        // The areas are views on the same project: it stays.
        const to: Place = { kind: "area", area: name, address: project, tab: "", params: {} };
        return html`<li><a href=${formatPlace(to)} aria-current=${current ? (place.kind === "area" ? "page" : "true") : nothing}>${icon(area.icon)}<span>${area.title}</span></a></li>`;
      })}</ul></nav>` : nothing}
    </header>`;
  }

  #outlet(): unknown {
    const { app } = this;
    const place = app.router.place.value;
    const { value } = app.session.surfaces;
    if (place.kind === "settings") return this.#settings(place, value);
    if (place.kind === "object") {
      const { address, found } = app.looked.value;
      if (address !== place.address || !found) return this.#loading();
      if ("problem" in found) return stateBox("failed", () => app.lookAgain(), sentence(found.problem.detail), found.problem.help, found.problem.trace);
      if (found.head === null) return stateBox("nothing-here", () => app.lookAgain(), t("nothere.object", { address }));
    }
    const screen = app.screen;
    const tabs = screen.tabs.length > 1 || place.kind === "asset" || place.kind === "object" ? this.#tabs(place, screen.tabs, screen.parts[0], value) : nothing;
    if (screen.missing) {
      const what = screen.missing === "area" ? t("nothere.area", { area: place.area }) : screen.missing === "tab" ? t("nothere.tab", { tab: place.tab }) : place.kind === "home" ? t("nothere.home") : t("nothere.none");
      return html`${tabs}${stateBox(place.kind === "home" ? "empty" : "nothing-here", undefined, what)}`;
    }
    const address = place.kind === "home" || place.kind === "find" ? "" : place.address;
    return html`${tabs}${this.bare ? html`<h1 class="kd-hidden ks-h1">${this.#name()}</h1>` : nothing}
      ${repeat(screen.parts, (surface) => `${surface.plugin} ${surface.name}`, (surface) => html`<div class="ks-part">
        <ks-surface .app=${app} .surface=${surface} .address=${address} .params=${place.params}></ks-surface></div>`)}
      ${this.#about(screen.parts)}`;
  }

  /** Nobody draws yet: where one is, for whoever does not see the way above, and that something comes. */
  #loading(): TemplateResult {
    return html`<h1 class="kd-hidden ks-h1">${this.#name()}</h1><div class="ks-skeleton" role="status"><span class="kd-hidden">${t("loading")}</span>
      ${bones}</div>`;
  }

  /** Who draws what is seen: said by the shell, where no plug-in can write. */
  #about(parts: readonly Surface[]): unknown {
    const plugins = [...new Set(parts.map(({ plugin }) => plugin))];
    if (!plugins.length) return nothing;
    return html`<footer class="ks-about"><span>${t("about.screen", { plugin: plugins.join(", ") })}</span>
      <button type="button" class="kd-button kd-button-quiet kd-button-small" @click=${() => void copyText(location.href)}>${icon("link")}<span>${t("copy.link")}</span></button></footer>`;
  }

  #tabs(place: Place, tabs: readonly Surface[], current: Surface | undefined, surfaces: readonly Surface[]): TemplateResult {
    const find = place.kind === "find";
    return html`<nav class="ks-tabs" @focusin=${inSight} aria-label=${find ? t("box.ways") : t("tabs")}><ul>${tabs.map((tab) => {
      const to: Place = { ...place, tab: slug(tab, surfaces), params: find ? { q: place.params["q"] ?? "" } : {} };
      return html`<li><a href=${formatPlace(to)} aria-current=${tab === current ? "page" : nothing}>${icon(tab.icon)}<span>${tab.title}</span></a></li>`;
    })}</ul></nav>`;
  }

  #settings(place: Place, surfaces: readonly Surface[]): unknown {
    const pages = inSlot(surfaces, "settings").map((surface) => ({ name: slug(surface, surfaces), title: surface.title, icon: surface.icon || "plugin", surface }));
    const own = OWN_PAGES.map((page) => ({ name: page.name, title: t(page.title), icon: page.icon, surface: undefined as Surface | undefined }));
    const all = [...own.slice(0, 2), ...pages.filter(({ name }) => !own.some((page) => page.name === name)), ...own.slice(2)];
    const now = place.tab ? all.find(({ name }) => name === place.tab) : all[0];
    if (now && !now.surface) void import("../settings/own.js");
    return html`<div class="ks-settings">${this.bare && now?.surface ? html`<h1 class="kd-hidden ks-h1">${now.title}</h1>` : nothing}<nav class="ks-settings-nav" aria-label=${t("settings")}><ul>${all.map((page) => html`<li>
        <a href=${`/settings/${page.name}`} aria-current=${page === now ? "page" : nothing}>${icon(page.icon)}<span>${page.title}</span></a></li>`)}</ul></nav>
      <div class="ks-settings-page">${!now ? stateBox("nothing-here", undefined, t("nothere.settings", { name: place.tab }))
        : now.surface ? html`<ks-surface .app=${this.app} .surface=${now.surface} .address=${""} .params=${place.params}></ks-surface>${this.#about([now.surface])}`
          : html`<ks-own-settings .app=${this.app} .page=${now.name}></ks-own-settings>`}</div></div>`;
  }

  #side(): unknown {
    const { app } = this;
    const content = (): TemplateResult => html`
      <div class="ks-side-parts">${repeat(inSlot(app.session.surfaces.value, "side"), (surface) => `${surface.plugin} ${surface.name}`, (surface) => html`<div>
        <h2 class="ks-side-title">${surface.title}</h2>
        <ks-surface .app=${app} .surface=${surface} .address=${app.router.place.value.address} .params=${NONE}></ks-surface>
        <p class="kd-muted ks-by">${t("by.plugin", { plugin: surface.plugin })}</p></div>`)}</div>
      <footer class="ks-side-foot">
        <a class="kd-button kd-button-quiet" href="/settings">${icon("settings")}<span>${t("settings")}</span></a>
        <button type="button" class="kd-button kd-button-quiet kd-button-icon" aria-label=${t("keys")} title=${t("keys")} @click=${(event: Event) => void app.openKeys(event.currentTarget as HTMLElement)}>${icon("keyboard")}</button>
        <button type="button" class="kd-button kd-button-quiet kd-button-icon" aria-label=${t("signout")} title=${t("signout")} @click=${app.signOut}><svg class="kd-icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3v9M18.4 6.6a9 9 0 1 1-12.8 0"></path></svg></button>
      </footer>`;
    if (app.sideOpen.value) {
      return html`<dialog class="kd-root ks-dialog ks-dialog-drawer ks-side-drawer" aria-label=${t("side")} @cancel=${(event: Event) => { event.preventDefault(); app.sideOpen.set(false); }}
        @click=${(event: Event) => { if (event.target === event.currentTarget) app.sideOpen.set(false); }}>
        <div class="ks-dialog-head"><h2>${t("side")}</h2><button type="button" class="kd-button kd-button-quiet kd-button-icon" aria-label=${t("close")} @click=${() => app.sideOpen.set(false)}>${icon("close")}</button></div>
        <div class="ks-dialog-body ks-side-inner">${content()}</div></dialog>`;
    }
    return preferences.value.side ? html`<aside class="ks-side" aria-label=${t("side")}>${content()}</aside>` : nothing;
  }
}

/** A row of tabs scrolls; browsers leave half of one that has the focus out of sight. */
function inSight(event: FocusEvent): void {
  (event.target as HTMLElement).scrollIntoView({ block: "nearest", inline: "nearest" });
}

export const home = formatPlace(HOME);
customElements.define("ks-app", Page);
