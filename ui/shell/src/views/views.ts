// The views that are open or were just now: one for each surface and address. A view keeps its element, so that going
// back shows it at once, with what was typed, while the server is asked again.
import "../../../view/src/index.js";
import { put, same, touches, type Json, type KdView, type Undo, type ViewHost } from "../../../view/src/index.js";
import { offered, ofView, type OfferedUndo } from "../actions/asking.js";
import type { Surface } from "../places/screens.js";
import type { Session } from "../session.js";
import { Store } from "../store.js";
import { asProblem, problemOf, type Problem } from "../transport/problem.js";

export type ViewState =
  | { is: "loading" }
  | { is: "ready" }
  /** Cached and asked for again. */
  | { is: "renewing" }
  | { is: "problem"; problem: Problem }
  /** It cannot be drawn any more, such as when its plug-in was switched off. */
  | { is: "lost"; problem: Problem };

interface Answer {
  nodes: unknown[];
  data: Json;
  view?: number;
  /** The kind of the asset that the address names. */
  kind?: string;
}

// A view that nobody looks at is closed at the server after this; its picture is kept longer.
const LINGER = 15_000;
const KEPT = 24;

let counter = 0;

export class OpenView {
  readonly id = `view-${++counter}`;
  readonly state = new Store<ViewState>({ is: "loading" });
  readonly kind = new Store("");
  readonly element: KdView;
  params: Record<string, string>;
  /** The id under which the server knows it; 0 while it is not open there. */
  serverId = 0;
  shown = 0;
  #abort: AbortController | undefined;
  #typed: Record<string, unknown> = {};
  /** Counts how often it was reopened. */
  #turn = 0;
  #linger: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly session: Session, host: ViewHost, readonly surface: Surface, readonly address: string, params: Record<string, string>) {
    this.params = params;
    this.element = document.createElement("kd-view") as KdView;
    this.element.host = host;
    this.element.viewId = this.id;
    this.element.addEventListener("data-change", (event) => {
      Object.assign(this.#typed, (event as CustomEvent<{ values: Record<string, unknown> }>).detail.values);
    });
  }

  get data(): Json {
    return this.element.data;
  }

  /** The id under which the server knows the view; 0 before it has answered: of an `open` that is on its way it has no record. */
  get answeredId(): number {
    return this.#abort ? 0 : this.serverId;
  }

  show(): void {
    this.shown++;
    clearTimeout(this.#linger);
    if (this.serverId === 0 && !this.#abort) void this.open();
  }

  hide(): void {
    this.shown = Math.max(0, this.shown - 1);
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => { if (!this.shown) this.close(); }, LINGER);
  }

  async open(): Promise<void> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    const { is } = this.state.value;
    this.state.set({ is: is === "ready" || is === "renewing" ? "renewing" : "loading" });
    this.#typed = {};
    const { plugin, name } = this.surface;
    try {
      let id = 0;
      const answer = await this.session.link.request<Answer>(
        "open",
        { plugin, surface: name, address: this.address, params: this.params, data: this.data },
        { signal: abort.signal, timeout: 0, sent: (sent) => { id = sent; this.serverId = sent; } },
      );
      if (this.#abort !== abort) return;
      this.serverId = answer.view ?? id;
      this.#draw(answer);
    } catch (error) {
      if (this.#abort !== abort) return;
      this.serverId = 0;
      this.state.set({ is: "problem", problem: asProblem(error) });
    } finally {
      if (this.#abort === abort) this.#abort = undefined;
    }
  }

  /** The person does not want to wait for it. */
  stop(): void {
    this.#abort?.abort();
  }

  #draw(answer: Answer): void {
    this.element.nodes = answer.nodes ?? [];
    this.element.data = this.#withTyped(answer.data ?? {});
    if (answer.kind) this.kind.set(answer.kind);
    this.state.set({ is: "ready" });
  }

  /** What was typed while the server was at work stays. */
  #withTyped(data: Json): Json {
    let whole = data;
    for (const [pointer, value] of Object.entries(this.#typed)) whole = put(whole, pointer, value);
    this.#typed = {};
    return whole;
  }

  /** The same surface with other params or data; what differs comes as a patch before the answer. */
  async reopen(params: Record<string, string> = this.params): Promise<void> {
    this.params = params;
    if (this.serverId === 0 || this.#abort) return this.open();
    // The server knows now what was typed.
    this.#typed = {};
    const turn = ++this.#turn;
    this.state.set({ is: "renewing" });
    try {
      await this.session.link.request("reopen", () => ({ view: this.serverId, params: this.params, data: this.data }), { timeout: 0 });
    } catch (error) {
      console.warn("a view could not be drawn again", error);
    }
    if (turn === this.#turn && this.state.value.is === "renewing" && !this.#abort) this.state.set({ is: "ready" });
  }

  /** A plug-in's own action is told the whole data model: from now on the server knows what was typed. */
  told(): void {
    this.#typed = {};
  }

  setParams(params: Record<string, string>): void {
    if (!same(params, this.params)) void this.reopen(params);
  }

  /** What was typed since the server was told last stays, unless the patch answers what the person just did. */
  patch(patch: Record<string, unknown>, answers = false): void {
    const data = { ...((patch["data"] as Record<string, unknown>) ?? {}) };
    if (!answers) for (const typed of Object.keys(this.#typed)) for (const pointer of Object.keys(data)) if (touches(typed, pointer)) delete data[pointer];
    this.element.patch({ nodes: (patch["nodes"] as unknown[]) ?? [], gone: (patch["gone"] as string[]) ?? [], data });
  }

  lost(problem: Problem): void {
    this.serverId = 0;
    this.state.set({ is: "lost", problem });
  }

  /** The connection is a new one: what is looked at is opened again, the rest when it is looked at. */
  renew(): void {
    // An `open` that has no answer yet is sent again by the connection itself.
    if (this.#abort) return;
    this.serverId = 0;
    if (this.shown) void this.open();
  }

  close(): void {
    clearTimeout(this.#linger);
    this.#abort?.abort();
    this.#abort = undefined;
    if (this.serverId) this.session.link.tell("close", { view: this.serverId });
    this.serverId = 0;
  }
}

export class Views {
  #views = new Map<string, OpenView>();

  constructor(private readonly session: Session, private readonly host: () => ViewHost) {
    // A plug-in that was switched on again: its lost screens come back by themselves.
    session.surfaces.watch((surfaces) => {
      for (const view of this.#views.values()) {
        const there = surfaces.some(({ plugin, name }) => plugin === view.surface.plugin && name === view.surface.name);
        if (there && view.state.value.is === "lost" && view.shown) void view.open();
      }
    });
  }

  of(surface: Surface, address: string, params: Record<string, string>): OpenView {
    const key = `${surface.plugin} ${surface.name} ${address}`;
    let view = this.#views.get(key);
    if (view) {
      this.#views.delete(key);
      this.#views.set(key, view);
      view.setParams(params);
      return view;
    }
    view = new OpenView(this.session, this.host(), surface, address, params);
    this.#views.set(key, view);
    for (const [old, other] of this.#views) {
      if (this.#views.size <= KEPT) break;
      if (other.shown) continue;
      other.close();
      this.#views.delete(old);
    }
    return view;
  }

  byId(id: string): OpenView | undefined {
    return [...this.#views.values()].find((view) => view.id === id);
  }

  /** How the screens that are seen take back what is uploaded there: for files that come by another way than their button. */
  undoOfUpload(to: string): OfferedUndo | undefined {
    for (const view of this.#views.values()) if (view.shown) for (const { props } of view.element.nodes as { props: Record<string, unknown> }[]) {
      const { upload, undo } = (props["action"] ?? { upload: props["to"], undo: props["undo"] }) as { upload?: unknown; undo?: Undo };
      if (upload === to && undo) return offered(undo, ofView(view));
    }
    return undefined;
  }

  patch(patch: Record<string, unknown>): void {
    const view = this.#byServer(patch["view"]);
    if (view) view.patch(patch);
    else this.session.link.tell("close", { view: patch["view"] });
  }

  lost(lost: Record<string, unknown>): void {
    this.#byServer(lost["view"])?.lost(problemOf(lost["problem"]));
  }

  renew(): void {
    for (const view of this.#views.values()) view.renew();
  }

  #byServer(id: unknown): OpenView | undefined {
    return [...this.#views.values()].find((view) => view.serverId !== 0 && view.serverId === id);
  }
}
