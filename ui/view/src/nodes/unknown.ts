// What stands for a kind that this page does not know: its children, so that the rest of a newer view is still of use.
import { html } from "../html.js";
import { define, KdNode, note } from "../node.js";
import { words } from "../words.js";

class KdUnknown extends KdNode {
  protected draw(): unknown {
    const { kind, children } = this.node;
    return children?.length ? html`${this.kids()}` : note(words.unknown(kind.slice(0, 40)));
  }
}
define("unknown", KdUnknown);
