// <kd-view>: draws one view. Give it nodes, data and a host; it tells with `data-change` what a person changed.
import { LitElement, nothing } from "lit";
import { html } from "./html.js";
import type { ViewHost } from "./host.js";
import { ViewModel, type Patch } from "./model.js";
import { makeNode, note, type KdNode, type ViewContext } from "./node.js";
import type { Json } from "./values.js";
import { words } from "./words.js";

const quiet: ViewHost = {
  act: async () => {},
  rows: async () => ({ rows: [], total: 0, complete: true }),
  href: () => "#",
  objectUrl: () => "",
  bytes: async () => new ArrayBuffer(0),
  markdown: async (text) => text,
  command: () => undefined,
  locale: "en",
};

export class KdView extends LitElement {
  static override properties = { host: { attribute: false }, viewId: { attribute: false }, root: { attribute: false } };
  declare host: ViewHost;
  declare viewId: string;
  /** The node that is drawn; `root` unless told otherwise, then the first one. */
  declare root: string;
  #model = new ViewModel((values) => {
    this.dispatchEvent(new CustomEvent("data-change", { detail: { values, data: this.#model.data } }));
  });
  #context: ViewContext | undefined;
  #drawn: KdNode | undefined;

  constructor() {
    super();
    this.host = quiet;
    this.viewId = "";
    this.root = "root";
  }

  get nodes(): unknown[] {
    return [...this.#model.ids].map((id) => this.#model.node(id)!.node);
  }

  /** A list of nodes, or a map of them by id. What did not change keeps its element, focus and scroll position. */
  set nodes(nodes: Iterable<unknown> | Map<string, unknown>) {
    const list = nodes instanceof Map ? nodes.values() : typeof nodes?.[Symbol.iterator] === "function" ? nodes : [];
    this.#model.replace(list);
    this.requestUpdate();
  }

  get data(): Json {
    return this.#model.data;
  }

  set data(data: Json) {
    this.#model.replaceData(typeof data === "object" && data !== null && !Array.isArray(data) ? data : {});
  }

  /** As the server sends it: nodes that are new or changed, ids that are gone, values by pointer. */
  patch(patch: Patch): void {
    this.#model.patch(patch);
    this.requestUpdate();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.classList.add("kd-root");
  }

  protected override render(): unknown {
    const model = this.#model;
    const [first] = model.ids;
    const id = model.node(this.root) ? this.root : this.root === "root" ? first : undefined;
    const kind = id === undefined ? undefined : model.node(id)?.node.kind;
    if (id === undefined || kind === undefined) return nothing;
    const before = this.#context;
    if (!before || before.host !== this.host || before.viewId !== this.viewId) {
      this.#context = { model, host: this.host, viewId: this.viewId };
      this.#drawn = undefined;
    }
    if (this.#drawn?.nodeId !== id || this.#drawn.dataset["kind"] !== kind) {
      this.#drawn = makeNode(this.#context!, id, kind, []);
      this.#drawn.dataset["kind"] = kind;
    }
    return html`${this.#drawn}${model.leftOut ? note(words.leftOut(model.leftOut)) : nothing}`;
  }
}

customElements.define("kd-view", KdView);
