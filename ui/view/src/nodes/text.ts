// `text`: a sentence or a paragraph, or a value of the data model; `heading`: the title of what follows.
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { say } from "../format.js";
import { title } from "../parts/title.js";

class KdText extends KdNode<"text"> {
  protected draw({ text, tone = "normal", strong = false, bind }: KdNode<"text">["props"]): unknown {
    const value = bind === undefined ? undefined : this.read(bind);
    const shown = value === undefined || value === null ? text : say("number", value, this.locale).text;
    return html`<p class="kd-tone-${tone}${strong ? " kd-strong" : ""}">${shown}</p>`;
  }
}

class KdHeading extends KdNode<"heading"> {
  protected draw({ text, level = 2 }: KdNode<"heading">["props"]): unknown {
    return title(text, Math.min(Math.max(level, 1), 4));
  }
}
define("text", KdText);
define("heading", KdHeading);
