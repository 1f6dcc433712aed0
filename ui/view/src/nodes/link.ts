// `link`: leads to another place of the page; `breadcrumb`: the way to a folder, part by part.
import { nothing } from "lit";
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { icon } from "../parts/icon.js";
import { link } from "../parts/button.js";
import { words } from "../words.js";

class KdLink extends KdNode<"link"> {
  protected draw({ text, open, icon: picture, note, current }: KdNode<"link">["props"]): unknown {
    return html`${link(this, open, picture === "chevron-right" ? html`<span>${text}</span>${icon(picture)}` : html`${icon(picture)}<span>${text}</span>`, { class: "kd-link", current })}${note ? html` <span class="kd-muted">${note}</span>` : nothing}`;
  }
}

class KdBreadcrumb extends KdNode<"breadcrumb"> {
  protected draw({ items }: KdNode<"breadcrumb">["props"]): unknown {
    return html`<nav aria-label=${words.way}><ol>${items.map(({ text, open }, index) => {
      const last = index === items.length - 1;
      return html`<li>${open ? link(this, open, text, { current: last }) : html`<span aria-current=${last ? "page" : nothing}>${text}</span>`}</li>`;
    })}</ol></nav>`;
  }
}
define("link", KdLink);
define("breadcrumb", KdBreadcrumb);
