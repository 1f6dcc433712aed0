// The shell put together: the connection, the router, the views, what is done, uploads and keys, and the host that views
// ask. What a person sees of it is drawn by `layout/page.ts`.
import { legible, type KdView, type Target, type ViewHost } from "../../view/src/index.js";
import { Actions } from "./actions/actions.js";
import type { OfferedUndo } from "./actions/asking.js";
import { fill } from "./actions/outcome.js";
import { rememberVisit } from "./box/past.js";
import { openDialog } from "./layout/dialog.js";
import { Keys } from "./layout/keys.js";
import { dismiss, notify, notifyProblem, say } from "./layout/notices.js";
import { addressParts, crumbs, follow, formatPlace, parsePlace, type Place } from "./places/place.js";
import { Router, type Travel } from "./places/router.js";
import { inSlot, screenOf, slug, type Known, type Screen, type Surface } from "./places/screens.js";
import { Session, type Outcome } from "./session.js";
import { locale, prefer, preferences } from "./settings/preferences.js";
import { Store } from "./store.js";
import { endSession, fetchBytes, fetchMarkdown, fetchRows, headObject, objectUrl, stopResult, type Command, type ObjectHead } from "./transport/http.js";
import { asProblem, type Problem } from "./transport/problem.js";
import { fromTransfer, choose } from "./uploads/files.js";
import { destination, type Destination, type Picked } from "./uploads/plan.js";
import type { Uploads } from "./uploads/queue.js";
import { addressesOf, anyKept } from "./uploads/state.js";
import { columnsOf, commandsOf } from "./views/additions.js";
import { Views } from "./views/views.js";
import { t } from "./words/words.js";
import { html } from "../../view/src/html.js";

/** Below this width the side bar is a drawer; frame.css has the same figure. */
export const SIDE_IS_DRAWER = matchMedia("(max-width: 1023px)");

// More files than this are taken back by going back to a commit, not by a list of their names.
const UNDONE_AT_MOST = 1000;

/** What the object in the address is; `undefined` while that is asked. */
export type Looked = { head: ObjectHead | null } | { problem: Problem } | undefined;

export class App {
  readonly session: Session;
  readonly views: Views;
  readonly router: Router;
  readonly actions: Actions;
  readonly keys: Keys;
  readonly looked = new Store<{ address: string; found: Looked }>({ address: "", found: undefined });
  readonly assetKind = new Store<{ address: string; kind: string }>({ address: "", kind: "" });
  readonly sideOpen = new Store(false);
  #uploads: Promise<Uploads> | undefined;
  #lastArea = "";
  #before: Place | undefined;
  #heads = new Map<string, ObjectHead | null>();
  /** Tables that others add to, told when that may look different. */
  #extended = new Set<(addresses?: readonly string[]) => void>();

  constructor() {
    this.session = new Session({
      resumed: (resumed) => {
        if (!resumed) this.views.renew();
        // Nobody knows what was missed.
        this.#extend([""]);
      },
      patch: (patch) => this.views.patch(patch),
      lost: (lost) => this.views.lost(lost),
      changed: (addresses) => this.#extend(addresses),
    });
    this.session.surfaces.watch(() => this.#extend());
    this.session.commands.watch(() => this.#extend());
    const host = this.#host();
    this.views = new Views(this.session, () => host);
    this.router = new Router((place, travel) => this.#arrived(place, travel));
    this.actions = new Actions({
      session: this.session,
      views: () => this.views,
      place: () => this.router.place.value,
      open: (target) => this.openTarget(target),
      upload: (to, anchor, undo) => void this.upload(to, undefined, anchor, undo),
      show: (outcome, command, anchor) => this.show(outcome, command, anchor),
      tasks: () => void this.openTasks(),
    });
    this.keys = new Keys({
      palette: () => void this.openPalette(),
      box: () => this.focusBox(),
      help: () => this.openKeys(),
      home: () => this.goUrl("/"),
      area: (index) => {
        const area = inSlot(this.session.surfaces.value, "area")[index];
        if (area) this.goUrl(`/${slug(area, this.session.surfaces.value)}`);
      },
      upload: () => void this.upload(""),
      tasks: () => this.openTasks(),
      undo: () => void this.actions.undoLast(),
      side: () => this.toggleSide(),
    });
  }

  start(): void {
    this.router.start();
    this.session.start();
    this.#look(this.router.place.value);
    this.session.surfaces.watch(() => this.titled());
    if (this.router.scrolled) this.router.restore();
    // What the first key opens is there before it is pressed, once the page has nothing better to do; a browser that does
    // not say when that is loads it with the key.
    this.session.commands.watch((commands) => {
      if (commands.length) globalThis.requestIdleCallback?.(async () => void (await import("./palette/palette.js")).prepare(commands));
    });
    // What a reload interrupted is offered without being asked for, once the server is there to take it.
    let offered = false;
    this.session.standing.watch((standing) => {
      if (offered || standing !== "here") return;
      offered = true;
      void anyKept().then((any) => { if (any) void this.uploads(); });
    });
  }

  // Where it goes.

  get area(): string {
    const { value } = this.session.surfaces;
    const first = inSlot(value, "area")[0];
    return this.router.place.value.area || this.#lastArea || (first ? slug(first, value) : "");
  }

  get known(): Known {
    const { address } = this.router.place.value;
    const looked = this.looked.value;
    const head = looked.address === address && looked.found && "head" in looked.found ? looked.found.head : undefined;
    const kind = this.assetKind.value;
    const { project, asset } = addressParts(address);
    return { mediaType: head?.mediaType, assetKind: kind.address === `${project}/${asset}` ? kind.kind : undefined };
  }

  get screen(): Screen {
    return screenOf(this.router.place.value, this.session.surfaces.value, this.known);
  }

  openTarget(target: Target): void {
    this.router.go(follow(target, this.router.place.value, this.area));
  }

  goUrl(url: string): void {
    this.router.go(parsePlace(new URL(url, location.href)));
  }

  #arrived(place: Place, travel: Travel): void {
    const before = this.#before ?? place;
    this.#before = place;
    if (place.area) this.#lastArea = place.area;
    this.sideOpen.set(false);
    const moved = before.address !== place.address || before.area !== place.area || before.kind !== place.kind || (place.kind === "settings" && before.tab !== place.tab);
    if (moved) this.#look(place);
    this.titled();
    if (travel === "traverse" || this.router.scrolled) {
      requestAnimationFrame(() => this.router.restore());
      return;
    }
    if (!moved && before.tab === place.tab) return;
    if (moved) scrollTo({ top: 0, behavior: "instant" });
    // Whoever goes on by keyboard goes on here; a tab that was just chosen keeps the focus, and who went on already too.
    const begun = document.activeElement;
    requestAnimationFrame(() => {
      const active = document.activeElement;
      const stays = active && active !== document.body && (active !== begun || active.closest("nav, ks-box"));
      if (!stays && !document.querySelector("dialog[open]")) document.getElementById("main")?.focus({ preventScroll: true });
      say(document.title);
    });
  }

  /** What the object in the address is: which previews fit depends on it. */
  #look(place: Place): void {
    this.#before = place;
    if (place.kind !== "object") return;
    const { address } = place;
    const known = this.#heads.get(address);
    this.looked.set({ address, found: known === undefined ? undefined : { head: known } });
    const tell = (found: Looked): void => {
      if (this.router.place.value.address === address) this.looked.set({ address, found });
      this.titled();
    };
    headObject(address).then((head) => {
      this.#heads.set(address, head);
      tell({ head });
    }, (error: unknown) => { if (known === undefined) tell({ problem: asProblem(error) }); });
  }

  lookAgain(): void {
    this.#heads.delete(this.router.place.value.address);
    this.#look(this.router.place.value);
  }

  /** What the window, the bookmark and the history call this place. */
  titled(): void {
    const place = this.router.place.value;
    const { value } = this.session.surfaces;
    const screen = this.screen;
    const tab = screen.tabs.length && screen.parts.length === 1 ? screen.parts[0]!.title : "";
    const way = crumbs(place, "").slice(1).map(({ text }) => text).reverse();
    const area = inSlot(value, "area").find((one) => slug(one, value) === place.area)?.title ?? "";
    const parts = place.kind === "find" ? [place.params["q"] ?? "", tab || t("box.find")]
      : place.kind === "settings" ? [tab, t("settings")]
        : [tab, ...way, area];
    const words = [...new Set(parts.filter(Boolean))];
    document.title = legible([...words, "KAML-D"].join(" · "));
    const gone = place.kind === "object" && !this.known.mediaType;
    if (place.kind === "asset" || (place.kind === "object" && !gone) || (place.kind === "area" && place.address)) {
      rememberVisit({ title: addressParts(place.address).path.at(-1) ?? (addressParts(place.address).asset || place.address), note: place.address, url: formatPlace({ ...place, params: {}, tab: "" }) });
    }
  }

  say(text: string): void {
    say(text);
  }

  focusBox(): void {
    (document.querySelector("ks-box") as (HTMLElement & { focusBox(): void }) | null)?.focusBox();
  }

  toggleSide(): void {
    if (SIDE_IS_DRAWER.matches) this.sideOpen.update((open) => !open);
    else prefer({ side: !preferences.value.side });
  }

  // Dialogs that are loaded when they are asked for.

  async openPalette(opener: HTMLElement | null = document.activeElement as HTMLElement | null): Promise<void> {
    const { openPalette } = await import("./palette/palette.js");
    openPalette(this, opener);
  }

  async openTasks(opener: HTMLElement | null = document.activeElement as HTMLElement | null): Promise<void> {
    await import("./uploads/panel.js");
    openDialog({ title: t("tasks.title"), shape: "drawer", opener, content: () => html`<ks-tasks .app=${this}></ks-tasks>` });
  }

  async openKeys(opener: HTMLElement | null = document.activeElement as HTMLElement | null): Promise<void> {
    const { keyTable } = await import("./settings/own.js");
    openDialog({
      title: t("keys"), opener,
      content: (open) => html`<div class="ks-dialog-body">${keyTable()}</div><div class="ks-dialog-foot">
        <a class="kd-button kd-button-quiet" href="/settings/keys" @click=${() => open.close()}>${t("keys.settings")}</a>
        <button type="button" class="kd-button" data-first @click=${() => open.close()}>${t("close")}</button></div>`,
    });
  }

  show(outcome: Outcome, command: Command | undefined, opener: HTMLElement | null): void {
    const view = document.createElement("kd-view") as KdView;
    view.host = this.#host(command?.plugin);
    view.nodes = outcome.view ?? [];
    const dialog = openDialog({
      title: command?.summary ?? t("outcome"), opener,
      content: (open) => html`<div class="ks-dialog-body">${view}${command ? html`<p class="kd-muted ks-by">${t("by.plugin", { plugin: command.plugin })}</p>` : ""}</div><div class="ks-dialog-foot">
        <button type="button" class="kd-button" data-first @click=${() => open.close()}>${t("close")}</button></div>`,
    });
    dialog.element.classList.add("ks-dialog-wide");
    const stop = this.router.place.watch(() => dialog.close());
    void dialog.closed.then(stop);
  }

  /** From the palette: what the address says already is filled in, the rest is asked. */
  runCommand(command: Command, opener: HTMLElement | null): void {
    const { address } = this.router.place.value;
    const { project, asset, ref } = addressParts(address);
    const here: Partial<Record<string, string>> = { project, asset: asset && `${project}/${asset}`, address: asset && address, ref };
    const given: Record<string, unknown> = {};
    for (const argument of command.arguments) {
      const value = here[argument.type];
      if (value && argument.required) given[argument.name] = argument.repeated ? [value] : value;
    }
    void this.actions.run({ run: command.name, arguments: given, ...(command.arguments.length ? { ask: command.arguments.map(({ name }) => name) } : {}) }, opener);
  }

  // Files.

  /** Where files go when they are dropped on the page: the asset or folder in the address. */
  get uploadTo(): string {
    const { kind, address } = this.router.place.value;
    if (kind === "asset") return address;
    if (kind === "object") return address.slice(0, address.lastIndexOf("/"));
    return "";
  }

  async upload(to: string, transfer?: DataTransfer, anchor: HTMLElement | null = null, undo?: OfferedUndo): Promise<void> {
    // Taken before anything is waited for: the browser forgets a drop at once.
    let picked = transfer ? fromTransfer(transfer) : undefined;
    let wanted = to || this.uploadTo;
    if (!destination(wanted)) {
      const { askWhere } = await import("./uploads/conflicts.js");
      wanted = (await askWhere(addressParts(this.router.place.value.address).project, anchor)) ?? "";
    }
    const where = destination(wanted);
    if (!where) return;
    undo ??= this.views.undoOfUpload(wanted);
    picked ??= choose(false);
    const files = await picked;
    if (files.length) await this.#send(where, files, anchor, undo);
  }

  async #send(where: Destination, picked: Picked[], anchor: HTMLElement | null, undo: OfferedUndo | undefined): Promise<void> {
    const { existing, askReplace } = await import("./uploads/conflicts.js");
    let files = picked;
    let there: Set<string>;
    try {
      there = await existing(where, files);
    } catch (error) {
      // The files that were chosen are kept for the next try.
      notifyProblem(asProblem(error), t("conflict.unknown"), [{ text: t("retry"), icon: "retry", press: () => void this.#send(where, picked, anchor, undo) }]);
      return;
    }
    if (there.size) {
      const choice = await askReplace(there, files.length, anchor);
      if (!choice) return;
      if (choice === "new") files = files.filter(({ path }) => !there.has(where.folder + path));
    }
    const { refused } = (await this.uploads()).add(where, files, there.size && files === picked ? undefined : undo);
    if (refused.length) notify({ tone: "bad", text: t("uploads.refused", { n: refused.length }), help: refused.slice(0, 5).join(", "), lasts: 0 });
  }

  /** Loaded when the page has nothing better to do, or when the first file comes. */
  uploads = (): Promise<Uploads> => (this.#uploads ??= import("./uploads/queue.js").then(({ Uploads }) => {
    return new Uploads({
      progress: (group, percent) => say(percent === 0 ? t("uploads.say.start", { n: group.files, to: group.to.asset }) : t("uploads.say.percent", { percent: `${percent} %` })),
      ended: (group, state) => {
        if (state === "done") {
          const text = t("uploads.say.done", { n: group.files, to: group.to.asset + (group.to.folder ? `/${group.to.folder}` : "") });
          const undo = group.files <= UNDONE_AT_MOST && group.undo ? fill(group.undo, { addresses: addressesOf(group) }) : undefined;
          void this.actions.did(text, addressParts(group.to.asset).project, undo);
        }
        else if (state === "failed") notify({ tone: "bad", text: t("uploads.say.failed"), lasts: 0, buttons: [{ text: t("show"), icon: "task", press: () => this.openTasks() }] });
      },
    });
  }));

  /** What views ask of the shell; `of` is the plug-in of what is shown outside of an open view. */
  #host(of = ""): ViewHost {
    return {
      act: (action, context) => this.actions.act(action, context, of),
      rows: async (source, window, signal, context) => {
        if (source.rows === undefined) return fetchRows(source, window, signal);
        const view = this.views.byId(context?.viewId ?? "");
        const { start, count, sort, filter } = window;
        const page = await this.session.link.request<{ rows: Record<string, unknown>[]; total: number | null }>(
          "rows", () => ({ view: view?.serverId ?? 0, name: source.rows, start, count, sort, filter, data: context?.data ?? {} }), { signal });
        return { rows: page.rows ?? [], total: page.total ?? null, complete: true };
      },
      stop: async ({ result }) => { if (result !== undefined) await stopResult(result); },
      href: (target) => formatPlace(follow(target, this.router.place.value, this.area)),
      objectUrl: (address) => objectUrl(address),
      bytes: fetchBytes,
      markdown: (text, base) => fetchMarkdown(text, base, this.area),
      command: (words) => this.session.command(words),
      additions: (holds, key, viewId, changed) => {
        this.#extended.add(changed);
        const { link, surfaces, commands } = this.session;
        const cells = (surface: Surface, addresses: string[], signal: AbortSignal) => link.request<unknown[]>(
          "cells", { plugin: surface.plugin, surface: surface.name, address: this.views.byId(viewId)?.address ?? "", addresses }, { signal });
        // The same columns as long as there are the same surfaces: their cells are not asked for again then.
        let made = { from: surfaces.value, columns: columnsOf(surfaces.value, holds, cells) };
        return {
          of: () => {
            if (made.from !== surfaces.value) made = { from: surfaces.value, columns: columnsOf(surfaces.value, holds, cells) };
            return { columns: made.columns, commands: commandsOf(surfaces.value, commands.value, holds, key) };
          },
          stop: () => this.#extended.delete(changed),
        };
      },
      arranged: (viewId, name) => this.#inLink(viewId, name, (key) => this.router.arranged(key)),
      arrange: (viewId, name, value) => this.#inLink(viewId, name, (key) => this.router.arrange(key, value)),
      drop: (to, transfer, context) => void this.upload(to, transfer, context.anchor),
      get locale() {
        return locale() === "en-XA" ? "en" : locale();
      },
    };
  }

  /** Under which name the link tells how a part of a view is arranged; what is beside the screen is no part of it. */
  #inLink<T>(viewId: string, name: string, use: (key: string) => T): T | undefined {
    const surface = this.views.byId(viewId)?.surface;
    if (!surface || surface.slot === "side") return undefined;
    const [first] = this.screen.parts;
    const own = surface.slot === "settings" || (first?.plugin === surface.plugin && first.name === surface.name);
    return use((own ? "" : `${surface.name}/`) + name.replace(/^root\./, ""));
  }

  #extend(addresses?: readonly string[]): void {
    for (const changed of [...this.#extended]) changed(addresses);
  }

  signOut = async (): Promise<void> => {
    try {
      // Fetched while one is still let in.
      const { forgetAll } = await import("./actions/journal.js");
      await endSession();
      forgetAll();
      this.session.link.stop();
      this.session.standing.set("signed-out");
      return;
    } catch (error) {
      const problem = asProblem(error);
      // A laptop has one person, who cannot leave.
      if (problem.kind !== "not-found" && problem.kind !== "invalid" && problem.kind !== "denied") {
        notifyProblem(problem, t("signout.failed"), [{ text: t("retry"), icon: "retry", press: () => void this.signOut() }]);
        return;
      }
    }
    const id = notify({ text: t("signout.none"), help: t("signout.none.help"), lasts: 12_000, buttons: [{ text: t("close"), press: () => dismiss(id) }] });
  };
}
