// What all elements of nodes share: they draw one node of a model into the light DOM, are drawn again when that node or
// a value that they read changes, make the elements of their children, and say so when they cannot be drawn.
import { LitElement, nothing, type TemplateResult } from "lit";
import { html } from "./html.js";
import { repeat } from "lit/directives/repeat.js";
import { LIMITS, PARENTS, type Action, type Kind, type Node, type PropsByKind } from "./catalogue.js";
import type { ActionContext, ViewHost } from "./host.js";
import { tagOf } from "./kinds.js";
import type { Drawer, ViewModel } from "./model.js";
import { words } from "./words.js";
import { resolveAction } from "./values.js";

/** What the elements of one view have in common. */
export interface ViewContext {
  model: ViewModel;
  host: ViewHost;
  viewId: string;
}

export interface Extra {
  row?: Record<string, unknown> | undefined;
  selection?: Record<string, unknown>[] | undefined;
  value?: unknown;
  /** The person types, and chose nothing. */
  typing?: boolean;
}

/** What each button is at work on. */
const busy = new WeakMap<HTMLElement, Set<string>>();

let counter = 0;
/** An id for `for`, `aria-describedby` and the like, which share one document with other views. */
export const freshId = (what: string): string => `kd-${what}-${++counter}`;

export function note(text: string): TemplateResult {
  return html`<p class="kd-note">${text}</p>`;
}

export function makeNode(view: ViewContext, id: string, kind: string, trail: readonly string[]): KdNode {
  const element = document.createElement(tagOf(kind)) as KdNode;
  element.view = view;
  element.nodeId = id;
  element.trail = trail;
  return element;
}

export abstract class KdNode<K extends Kind = Kind> extends LitElement implements Drawer {
  static override properties = { view: { attribute: false }, nodeId: { attribute: false }, trail: { attribute: false } };
  declare view: ViewContext;
  declare nodeId: string;
  /** The ids from the root to the parent. */
  declare trail: readonly string[];
  reads = new Set<string>();
  #made = new Map<string, KdNode>();
  #registered: ViewModel | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#register();
    if (this.hasUpdated) this.requestUpdate();
  }

  protected override willUpdate(): void {
    // An element that was upgraded in place has its properties only now.
    this.#register();
  }

  #register(): void {
    if (this.#registered || !this.isConnected || !this.view) return;
    this.#registered = this.view.model;
    this.#registered.add(this);
    this.#registered.drawn++;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#registered?.remove(this);
    if (this.#registered) this.#registered.drawn--;
    this.#registered = undefined;
  }

  redraw(): void {
    this.requestUpdate();
  }

  get node(): Node {
    return this.view.model.node(this.nodeId)?.node ?? { id: this.nodeId, kind: "", props: {} };
  }

  get props(): PropsByKind[K] {
    return (this.view.model.node(this.nodeId)?.props ?? {}) as unknown as PropsByKind[K];
  }

  protected override render(): unknown {
    const found = this.view?.model.node(this.nodeId);
    if (!found) return nothing;
    this.reads = new Set();
    if (found.problem) {
      return [note(words.broken(found.node.kind, found.problem)), PARENTS.has(found.node.kind) ? this.kids() : nothing];
    }
    try {
      return this.draw(found.props as unknown as PropsByKind[K]);
    } catch (error) {
      console.error(`kd-${found.node.kind} ${this.nodeId}`, error);
      return note(words.broken(found.node.kind, ""));
    }
  }

  protected abstract draw(props: PropsByKind[K]): unknown;

  /** A value of the data model; the element is drawn again when it changes. */
  protected read(pointer: string): unknown {
    this.reads.add(pointer);
    return this.view.model.get(pointer);
  }

  protected write(pointer: string, value: unknown): void {
    this.view.model.set({ [pointer]: value });
  }

  /** How this was arranged when its link was made. */
  protected arranged(name: string): string | undefined {
    return this.view.host.arranged?.(this.view.viewId, `${this.nodeId}.${name}`);
  }

  /** From now on the link says so; without a value it says nothing of it. */
  protected arrange(name: string, value: string | undefined): void {
    this.view.host.arrange?.(this.view.viewId, `${this.nodeId}.${name}`, value);
  }

  /** The elements of the children, or of some of them; an element stays the same as long as its node has its kind. */
  protected kids(ids: readonly string[] = this.node.children ?? []): unknown {
    const trail = [...this.trail, this.nodeId];
    if (trail.length >= LIMITS.depth) return ids.length ? note(words.tooDeep) : nothing;
    const kids = ids.map((id) => ({ id, kind: this.view.model.node(id)?.node.kind })).filter(({ kind }) => kind !== undefined);
    const keep = new Map<string, KdNode>();
    const keyed = kids.map(({ id, kind }) => {
      const key = `${kind} ${id}`;
      if (trail.includes(id)) return { key, element: note(words.cycle) };
      let element = this.#made.get(key);
      if (!element) {
        // A few nodes that are each other's children many times over would never end.
        if (this.view.model.drawn + keep.size > LIMITS.nodes) return { key, element: note(words.tooMany) };
        element = makeNode(this.view, id, kind!, trail);
      }
      keep.set(key, element);
      return { key, element };
    });
    // Those that are not asked for now (another tab) keep their state while their node is there.
    for (const [key, element] of this.#made) {
      if (!keep.has(key) && this.node.children?.includes(element.nodeId) && this.view.model.node(element.nodeId)) keep.set(key, element);
    }
    this.#made = keep;
    return repeat(keyed, ({ key }) => key, ({ element }) => element);
  }

  protected get locale(): string {
    return this.view.host.locale;
  }

  /** What surrounds an action of this node. */
  context(anchor: HTMLElement, extra: Extra = {}): ActionContext {
    const { model, viewId } = this.view;
    return { viewId, node: this.node, anchor, data: model.data, chosen: !extra.typing, set: (values) => model.set(values), ...definite(extra) };
  }

  /**
   * Does what an action says; the data model is changed here, the rest is the host's. `typed` are arguments from the
   * person, which are not looked through for references. Answers whether it happened.
   */
  async act(action: Action, anchor: HTMLElement, extra: Extra = {}, typed?: Record<string, unknown>): Promise<boolean> {
    const { model, host } = this.view;
    const ready = resolveAction(action, { data: model.data, ...definite(extra) });
    if (typed) ready.arguments = { ...ready.arguments, ...typed };
    if (ready.set) {
      model.set(ready.set);
      if (!ready.reopen) return true;
    }
    try {
      return (await host.act(ready, this.context(anchor, extra))) !== false;
    } catch (error) {
      console.error(error);
      return false;
    }
  }

  /** The same with the button busy meanwhile, so that the same is not done twice; a button that a patch made another does its own. */
  async actBusy(action: Action, button: HTMLElement, extra: Extra = {}, typed?: Record<string, unknown>): Promise<void> {
    const deed = JSON.stringify([action, extra.row]);
    const doing = busy.get(button) ?? new Set();
    if (doing.has(deed)) return;
    busy.set(button, doing.add(deed));
    button.setAttribute("aria-busy", "true");
    try {
      await this.act(action, button, extra, typed);
    } finally {
      doing.delete(deed);
      if (!doing.size) button.removeAttribute("aria-busy");
    }
  }
}

function definite(extra: Extra): { row?: Record<string, unknown>; selection?: Record<string, unknown>[]; value?: unknown } {
  return {
    ...(extra.row ? { row: extra.row } : {}),
    ...(extra.selection ? { selection: extra.selection } : {}),
    ...(extra.value !== undefined ? { value: extra.value } : {}),
  };
}

/** Several copies of the page's code may meet in one document (JupyterLab): the first one wins. */
export function define(kind: string, element: CustomElementConstructor): void {
  if (!customElements.get(`kd-${kind}`)) customElements.define(`kd-${kind}`, element);
}
