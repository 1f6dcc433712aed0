// `list`: things one below the other, each a row of its own with what can be done with it.
import { nothing } from "lit";
import { html } from "../html.js";
import { repeat } from "lit/directives/repeat.js";
import type { Item } from "../catalogue.js";
import { define, KdNode } from "../node.js";
import { icon } from "../parts/icon.js";
import { link } from "../parts/button.js";
import { moreButton, toggleMenu } from "../parts/menu.js";
import { chips } from "../parts/value.js";
import { words } from "../words.js";

class KdList extends KdNode<"list"> {
  protected draw({ items, empty, label }: KdNode<"list">["props"]): unknown {
    if (!items.length) return html`<p class="kd-muted">${empty ?? words.none}</p>`;
    // Two things may have the same title; the place among equal ones tells them apart.
    const seen = new Map<string, number>();
    const key = ({ title, open }: Item) => {
      const name = `${title} ${open?.address ?? ""}`;
      seen.set(name, (seen.get(name) ?? 0) + 1);
      return `${name} ${seen.get(name)}`;
    };
    return html`<ul aria-label=${label ?? nothing}>${repeat(items.map((item) => ({ item, key: key(item) })), ({ key: one }) => one, ({ item }) => this.#item(item))}</ul>`;
  }

  #item({ title, note, end, icon: picture, tags, open, current, actions }: Item): unknown {
    return html`<li class="kd-item${current ? " kd-item-current" : ""}">
      ${icon(picture)}
      <div class="kd-item-body">
        <div>${open ? link(this, open, title, { class: "kd-item-link", current }) : html`<span class="kd-item-title">${title}</span>`}${tags?.length ? html` ${chips(tags)}` : nothing}</div>
        ${note ? html`<div class="kd-muted kd-item-note">${note}</div>` : nothing}
      </div>
      ${end ? html`<span class="kd-muted kd-number kd-item-end">${end}</span>` : nothing}
      ${actions?.length ? moreButton(title, (button) => toggleMenu(button, actions, (item) => void this.act(item.action, button))) : nothing}
    </li>`;
  }
}
define("list", KdList);
