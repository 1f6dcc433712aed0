// `card`: things that belong together, set apart; with an action its title is what one chooses, and the whole card answers.
import { nothing } from "lit";
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { headingLevel, title } from "../parts/title.js";
import { link } from "../parts/button.js";
import { words } from "../words.js";

class KdCard extends KdNode<"card"> {
  protected draw({ title: text, action }: KdNode<"card">["props"]): unknown {
    this.toggleAttribute("data-action", !!action);
    const says = text ?? (action ? words.open : "");
    const inner = action?.open
      ? link(this, action.open, says, { class: "kd-card-link" })
      : action
        ? html`<button type="button" class="kd-card-link" @click=${(event: Event) => void this.actBusy(action, event.currentTarget as HTMLElement)}>${says}</button>`
        : says;
    return html`${says ? title(inner, headingLevel(this)) : nothing}${this.kids()}`;
  }
}
define("card", KdCard);
