// `section`: a part of a screen under a title of its own, with buttons beside the title.
import { nothing } from "lit";
import { html } from "../html.js";
import { define, freshId, KdNode } from "../node.js";
import { headingLevel, title } from "../parts/title.js";
import { menuButtons } from "../parts/button.js";

class KdSection extends KdNode<"section"> {
  #id = freshId("title");
  protected draw({ title: text, note, actions }: KdNode<"section">["props"]): unknown {
    return html`<section aria-labelledby=${this.#id}>
      <div class="kd-spread">
        <div>${title(text, headingLevel(this), this.#id)}${note ? html`<p class="kd-muted">${note}</p>` : nothing}</div>
        ${menuButtons(this, actions)}
      </div>
      <div class="kd-section-body">${this.kids()}</div>
    </section>`;
  }
}
define("section", KdSection);
