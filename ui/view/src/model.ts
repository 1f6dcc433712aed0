// The nodes and the data of one view, and who is told when something of it changes. It knows nothing of how a node is
// drawn: an element that draws a node registers, reads, and is asked to draw again.
import { LIMITS, type Node } from "./catalogue.js";
import { checkNode, type Checked } from "./shapes.js";
import { get, put, same, touches, type Json } from "./values.js";

export interface Patch {
  nodes?: Iterable<unknown>;
  gone?: Iterable<string>;
  data?: Record<string, unknown>;
}

/** An element that draws one node. */
export interface Drawer {
  readonly nodeId: string;
  /** Pointers that it read when it was drawn last. */
  readonly reads: ReadonlySet<string>;
  redraw(): void;
}

export class ViewModel {
  data: Json = {};
  /** How many nodes were left out because there were too many. */
  leftOut = 0;
  /** Elements in the page, to stop what would never end. */
  drawn = 0;
  #nodes = new Map<string, Checked>();
  #drawers = new Map<string, Set<Drawer>>();

  constructor(private readonly changed: (values: Record<string, unknown>) => void = () => {}) {}

  node(id: string): Checked | undefined {
    return this.#nodes.get(id);
  }

  get ids(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** Everything anew; what stays the same is not drawn again. */
  replace(nodes: Iterable<unknown>): void {
    const before = this.#nodes;
    this.#nodes = new Map();
    this.leftOut = 0;
    for (const raw of nodes) this.#take(raw, before);
    for (const id of new Set([...before.keys(), ...this.#nodes.keys()])) {
      if (before.get(id) !== this.#nodes.get(id)) this.#tell(id, before.get(id)?.node.kind);
    }
  }

  patch({ nodes = [], gone = [], data }: Patch): void {
    const before = new Map(this.#nodes);
    const ids = new Set<string>();
    for (const id of gone) {
      if (this.#nodes.delete(id)) ids.add(id);
    }
    for (const raw of nodes) {
      const id = this.#take(raw, before);
      if (id !== undefined) ids.add(id);
    }
    for (const id of ids) if (before.get(id) !== this.#nodes.get(id)) this.#tell(id, before.get(id)?.node.kind);
    if (data) this.set(data, false);
  }

  #take(raw: unknown, before: Map<string, Checked>): string | undefined {
    const id = typeof raw === "object" && raw !== null ? (raw as Node).id : undefined;
    if (typeof id !== "string" || id === "") return undefined;
    if (!this.#nodes.has(id) && this.#nodes.size >= LIMITS.nodes) {
      this.leftOut++;
      return undefined;
    }
    const old = before.get(id);
    // The same text again is no change: its element stays as it is.
    this.#nodes.set(id, old && same(old.raw, raw) ? old : checkNode(raw as Node));
    return id;
  }

  get(pointer: string): unknown {
    return get(this.data, pointer);
  }

  /** Puts values by pointer; `own` says that it happened here and not at the server. */
  set(values: Record<string, unknown>, own = true): void {
    const pointers: string[] = [];
    for (const [pointer, value] of Object.entries(values)) {
      if (same(this.get(pointer), value)) continue;
      this.data = put(this.data, pointer, value);
      pointers.push(pointer);
    }
    if (!pointers.length) return;
    for (const drawers of this.#drawers.values()) {
      for (const drawer of drawers) {
        if ([...drawer.reads].some((read) => pointers.some((pointer) => touches(read, pointer)))) drawer.redraw();
      }
    }
    if (own) this.changed(Object.fromEntries(pointers.map((pointer) => [pointer, values[pointer]])));
  }

  replaceData(data: Json): void {
    if (same(this.data, data)) return;
    this.data = data;
    for (const drawers of this.#drawers.values()) for (const drawer of drawers) if (drawer.reads.size) drawer.redraw();
  }

  add(drawer: Drawer): void {
    let drawers = this.#drawers.get(drawer.nodeId);
    if (!drawers) this.#drawers.set(drawer.nodeId, (drawers = new Set()));
    drawers.add(drawer);
  }

  remove(drawer: Drawer): void {
    const drawers = this.#drawers.get(drawer.nodeId);
    drawers?.delete(drawer);
    if (drawers?.size === 0) this.#drawers.delete(drawer.nodeId);
  }

  #tell(id: string, kindBefore: string | undefined): void {
    for (const drawer of this.#drawers.get(id) ?? []) drawer.redraw();
    // A node that came, went or became another kind needs another element, which its parents make.
    if (kindBefore === this.#nodes.get(id)?.node.kind) return;
    for (const [parent, drawers] of this.#drawers) {
      const node = this.#nodes.get(parent)?.node;
      if (node?.children?.includes(id)) for (const drawer of drawers) drawer.redraw();
    }
  }
}
