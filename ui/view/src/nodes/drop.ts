// `drop`: a place where files can be dropped or chosen; the button is the way without a pointer.
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { actionButton } from "../parts/button.js";
import { icon } from "../parts/icon.js";
import { words } from "../words.js";

class KdDrop extends KdNode<"drop"> {
  protected draw({ to, text, undo }: KdNode<"drop">["props"]): unknown {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files") || !this.view.host.drop) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      this.toggleAttribute("data-over", true);
    };
    return html`<div class="kd-drop" @dragenter=${over} @dragover=${over} @dragleave=${() => this.removeAttribute("data-over")} @drop=${(event: DragEvent) => {
      this.removeAttribute("data-over");
      if (!event.dataTransfer || !this.view.host.drop) return;
      event.preventDefault();
      event.stopPropagation();
      this.view.host.drop(to, event.dataTransfer, this.context(this));
    }}>${icon("upload")}<p>${text}</p>${actionButton(this, { upload: to, ...(undo ? { undo } : {}) }, { text: words.choose, icon: "folder" })}</div>`;
  }
}
define("drop", KdDrop);
