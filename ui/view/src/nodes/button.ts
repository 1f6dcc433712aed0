// `button`: does something; `menu`: a button that shows more to choose; `hint`: what to do next, with its command line.
import { nothing } from "lit";
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { actionButton, buttonClass } from "../parts/button.js";
import { icon } from "../parts/icon.js";
import { toggleMenu } from "../parts/menu.js";
import { words } from "../words.js";

class KdButton extends KdNode<"button"> {
  protected draw({ text, icon: picture, action, weight, help }: KdNode<"button">["props"]): unknown {
    return actionButton(this, action, { text, icon: picture, weight, help });
  }
}

class KdMenu extends KdNode<"menu"> {
  protected draw({ text, icon: picture, items }: KdNode<"menu">["props"]): unknown {
    return html`<button type="button" class=${buttonClass({})} aria-haspopup="menu" aria-expanded="false" @click=${(event: Event) => {
      const button = event.currentTarget as HTMLElement;
      toggleMenu(button, items, (item) => void this.act(item.action, button));
    }}>${icon(picture)}<span>${text}</span>${icon("chevron-down")}</button>`;
  }
}

class KdHint extends KdNode<"hint"> {
  protected draw({ text, command }: KdNode<"hint">["props"]): unknown {
    return html`<p class="kd-hint">${icon("info")}<span>${text}</span></p>
      ${command ? html`<p class="kd-hint-command"><code>${command}</code>${actionButton(this, { copy: command, done: words.copied }, { text: words.copy, icon: "copy", weight: "quiet", small: true, bare: true })}</p>` : nothing}`;
  }
}
define("button", KdButton);
define("menu", KdMenu);
define("hint", KdHint);
