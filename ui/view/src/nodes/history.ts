// History: `changes` objects that were added, modified or removed; `commits` newest first.
import { nothing } from "lit";
import { html } from "../html.js";
import { repeat } from "lit/directives/repeat.js";
import type { Action, Change, Commit, MenuItem } from "../catalogue.js";
import { define, KdNode } from "../node.js";
import { bytes, count } from "../format.js";
import { link } from "../parts/button.js";
import { moreButton, toggleMenu } from "../parts/menu.js";
import { icon } from "../parts/icon.js";
import { value } from "../parts/value.js";
import { words } from "../words.js";

function chosen(from: KdNode, action: Action | undefined, text: string): unknown {
  if (!action) return text;
  if (action.open) return link(from, action.open, text);
  return html`<button type="button" class="kd-text-button" @click=${(event: Event) => void from.actBusy(action, event.currentTarget as HTMLElement)}>${text}</button>`;
}

function more(from: KdNode, name: string, actions: readonly MenuItem[] | undefined): unknown {
  return actions?.length ? moreButton(name, (button) => toggleMenu(button, actions, (item) => void from.act(item.action, button))) : nothing;
}

const MARK = { added: "add", modified: "edit", removed: "delete" } as const;

class KdChanges extends KdNode<"changes"> {
  protected draw({ items }: KdNode<"changes">["props"]): unknown {
    if (!items.length) return html`<p class="kd-muted">${words.same}</p>`;
    return html`<ul class="kd-lines">${repeat(items, ({ path }) => path, (change) => this.#change(change))}</ul>`;
  }

  #change({ path, kind, before, after, action, actions }: Change): unknown {
    const size = (value: number | undefined) => (value === undefined ? "" : bytes(value, this.locale));
    const sizes = before !== undefined && after !== undefined && before !== after ? `${size(before)} → ${size(after)}` : size(after ?? before);
    return html`<li class="kd-line-item"><span class="kd-change kd-change-${kind}">${icon(MARK[kind])}<span>${words[kind]}</span></span>
      <span class="kd-line-main">${chosen(this, action, path)}</span><span class="kd-muted kd-number">${sizes}</span>${more(this, path, actions)}</li>`;
  }
}

class KdCommits extends KdNode<"commits"> {
  protected draw({ items }: KdNode<"commits">["props"]): unknown {
    return html`<ol class="kd-commits">${repeat(items, ({ id }) => id, (commit) => this.#commit(commit))}</ol>`;
  }

  #commit({ id, message, author, created, objects, size, names, action, actions }: Commit): unknown {
    const [first, ...rest] = message.split("\n");
    return html`<li class="kd-commit"><div class="kd-commit-body">
      <p><span class="kd-strong">${chosen(this, action, first || id.slice(0, 12))}</span>${names?.length ? html` <span class="kd-chips">${names.map((name) => html`<span class="kd-chip">${icon("version")}${name}</span>`)}</span>` : nothing}</p>
      ${rest.join("\n").trim() ? html`<p class="kd-commit-rest">${rest.join("\n").trim()}</p>` : nothing}
      <p class="kd-muted kd-commit-facts"><span>${author}</span><span>${value("time", created, this.locale)}</span><code class="kd-mono" title=${id}>${id.slice(0, 12)}</code><span>${words.objects(objects, count(objects, this.locale))}, ${bytes(size, this.locale)}</span></p>
    </div>${more(this, first || id.slice(0, 12), actions)}</li>`;
  }
}
define("changes", KdChanges);
define("commits", KdCommits);
