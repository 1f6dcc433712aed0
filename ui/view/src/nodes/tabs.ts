// `tabs` and `tab`: children one at a time. Arrow keys move between the tabs, as the pattern of the ARIA guide says.
import { nothing } from "lit";
import { html } from "../html.js";
import { define, freshId, KdNode } from "../node.js";
import type { TabProps } from "../catalogue.js";
import { icon } from "../parts/icon.js";

class KdTabs extends KdNode<"tabs"> {
  #id = freshId("tabs");
  #chosen: string | undefined;

  protected draw({ bind }: KdNode<"tabs">["props"]): unknown {
    const tabs = (this.node.children ?? [])
      .map((id) => ({ id, found: this.view.model.node(id) }))
      .filter(({ found }) => found?.node.kind === "tab" && !found.problem)
      .map(({ id, found }) => ({ id, ...(found!.props as unknown as TabProps) }));
    if (!tabs.length) return this.kids();
    if (this.#chosen === undefined) {
      this.#chosen = this.arranged("tab") ?? "";
      const name = this.#chosen;
      // Not while it is being drawn.
      if (bind !== undefined && name && name !== this.read(bind)) queueMicrotask(() => this.write(bind, name));
    }
    const wanted = bind === undefined ? this.#chosen : String(this.read(bind) ?? "");
    const chosen = tabs.find(({ name }) => name === wanted) ?? tabs[0]!;
    const choose = (name: string) => {
      this.#chosen = name;
      this.arrange("tab", name === tabs[0]!.name ? undefined : name);
      if (bind === undefined) this.requestUpdate();
      else this.write(bind, name);
    };
    const move = (event: KeyboardEvent) => {
      const now = tabs.indexOf(chosen);
      const forward = getComputedStyle(this).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
      const back = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
      const to = { [forward]: now + 1, [back]: now - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(tabs[(to + tabs.length) % tabs.length]!.name);
      void this.updateComplete.then(() => this.querySelector<HTMLElement>(":scope > [role=tablist] > [aria-selected=true]")?.focus());
    };
    return html`<div role="tablist" class="kd-tablist" @keydown=${move}>${tabs.map(({ id, name, title, icon: picture }) => {
      const now = id === chosen.id;
      return html`<button type="button" role="tab" class="kd-tab-button" id="${this.#id}-${id}" aria-selected=${now ? "true" : "false"} tabindex=${now ? "0" : "-1"}
        aria-controls=${now ? `${this.#id}-panel` : nothing} @click=${() => choose(name)}>${icon(picture)}<span>${title}</span></button>`;
    })}</div>
    <div role="tabpanel" id="${this.#id}-panel" aria-labelledby="${this.#id}-${chosen.id}" tabindex="0">${this.kids([chosen.id])}</div>`;
  }
}

class KdTab extends KdNode<"tab"> {
  override redraw(): void {
    super.redraw();
    // Its title stands in the list of its parent.
    (this.closest("kd-tabs") as KdTabs | null)?.redraw();
  }
  protected draw(): unknown {
    return this.kids();
  }
}
define("tabs", KdTabs);
define("tab", KdTab);
