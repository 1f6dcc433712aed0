// `details`: children hidden until they are asked for; `divider`: a line; `when`: children while a value is as it says.
import { nothing } from "lit";
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { same, truthy } from "../values.js";

class KdDetails extends KdNode<"details"> {
  #open: boolean | undefined;
  protected draw({ summary, open = false }: KdNode<"details">["props"]): unknown {
    // What the person chose outlives a patch.
    this.#open ??= open;
    return html`<details ?open=${this.#open} @toggle=${(event: Event) => {
      this.#open = (event.currentTarget as HTMLDetailsElement).open;
      this.requestUpdate();
    }}><summary>${summary}</summary><div class="kd-details-body">${this.#open ? this.kids() : nothing}</div></details>`;
  }
}

class KdDivider extends KdNode<"divider"> {
  protected draw(): unknown {
    return html`<hr>`;
  }
}

class KdWhen extends KdNode<"when"> {
  protected draw(props: KdNode<"when">["props"]): unknown {
    const value = this.read(props.bind);
    const shown = "is" in props ? same(value ?? null, props.is ?? null) : truthy(value);
    this.hidden = !shown;
    return shown ? this.kids() : nothing;
  }
}
define("details", KdDetails);
define("divider", KdDivider);
define("when", KdWhen);
