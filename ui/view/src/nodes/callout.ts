// What the page says by itself: `callout` something to know, `empty` the way on where there is nothing, `steps` what to
// do one after the other, `progress` how far something is.
import { nothing } from "lit";
import { html } from "../html.js";
import { define, freshId, KdNode } from "../node.js";
import { actionButton, menuButtons } from "../parts/button.js";
import { icon } from "../parts/icon.js";
import { headingLevel, title } from "../parts/title.js";
import { say } from "../format.js";
import { words } from "../words.js";

const TONE_ICON = { normal: "info", muted: "info", good: "check", warning: "warning", bad: "error" } as const;

class KdCallout extends KdNode<"callout"> {
  protected draw({ text, title: head, tone = "normal", actions }: KdNode<"callout">["props"]): unknown {
    return html`<div class="kd-callout kd-callout-${tone}" role=${tone === "bad" ? "alert" : "note"}>
      ${icon(TONE_ICON[tone])}
      <div>${head ? html`<p class="kd-strong">${head}</p>` : nothing}<p>${text}</p>${menuButtons(this, actions)}</div>
    </div>`;
  }
}

class KdEmpty extends KdNode<"empty"> {
  protected draw({ title: head, text, icon: picture, actions }: KdNode<"empty">["props"]): unknown {
    return html`<div class="kd-empty">${icon(picture)}${title(head, headingLevel(this))}${text ? html`<p class="kd-muted">${text}</p>` : nothing}${menuButtons(this, actions, "primary")}</div>`;
  }
}

class KdSteps extends KdNode<"steps"> {
  protected draw({ items }: KdNode<"steps">["props"]): unknown {
    const next = items.findIndex(({ done }) => !done);
    return html`<ol>${items.map(({ title: head, text, done, action }, index) => html`<li class="kd-step" data-state=${done ? "done" : index === next ? "next" : "later"} aria-current=${index === next ? "step" : nothing}>
      <span class="kd-step-mark">${done ? html`${icon("check")}<span class="kd-hidden">${words.stepDone}</span>` : index + 1}</span>
      <div><p class="kd-strong">${head}</p>${text ? html`<p class="kd-muted">${text}</p>` : nothing}
        ${action && !done ? html`<p class="kd-step-action">${actionButton(this, action, { text: head, weight: index === next ? "primary" : "normal" })}</p>` : nothing}</div>
    </li>`)}</ol>`;
  }
}

class KdProgress extends KdNode<"progress"> {
  #id = freshId("progress");
  protected draw({ label, done, total, type = "count" }: KdNode<"progress">["props"]): unknown {
    const known = total !== undefined && total > 0;
    const part = known ? Math.min(1, Math.max(0, done / total)) : 0;
    const said = (value: number) => say(type, value, this.locale).text;
    // Whoever listens hears of quarters only.
    const quarter = Math.floor(part * 4) * 25;
    return html`<div class="kd-spread"><span id=${this.#id}>${label}</span><span class="kd-muted kd-number">${known ? words.rowsOf(said(done), said(total)) : done ? said(done) : words.waiting}</span></div>
      ${known ? html`<progress aria-labelledby=${this.#id} max="1" .value=${part}></progress>` : html`<progress aria-labelledby=${this.#id}></progress>`}
      <span class="kd-hidden" role="status">${known ? `${label}: ${words.percent(String(quarter))}` : nothing}</span>`;
  }
}
define("callout", KdCallout);
define("empty", KdEmpty);
define("steps", KdSteps);
define("progress", KdProgress);
