// `diff`: two texts side by side, line by line, with the words that differ marked. Long runs that are alike are folded.
import { diffLines, diffWordsWithSpace } from "diff";
import { nothing, type TemplateResult } from "lit";
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { words } from "../words.js";

interface Side {
  number: number;
  text: string;
}
interface Line {
  before?: Side;
  after?: Side;
  kind: "same" | "changed" | "added" | "removed";
}

// Around a difference; what is further away is folded.
const NEAR = 3;
const LONGEST = 4000;
const MILLISECONDS = 700;

const linesOf = (text: string): string[] => {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
};

function compare(before: string, after: string): Line[] | undefined {
  const parts = diffLines(before, after, { timeout: MILLISECONDS });
  if (!parts) return undefined;
  const lines: Line[] = [];
  let [left, right] = [1, 1];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    const next = parts[index + 1];
    if (part.removed && next?.added) {
      const [gone, come] = [linesOf(part.value), linesOf(next.value)];
      for (let row = 0; row < Math.max(gone.length, come.length); row++) {
        const line: Line = { kind: row < gone.length && row < come.length ? "changed" : row < gone.length ? "removed" : "added" };
        if (row < gone.length) line.before = { number: left++, text: gone[row]! };
        if (row < come.length) line.after = { number: right++, text: come[row]! };
        lines.push(line);
      }
      index++;
    } else {
      for (const text of linesOf(part.value)) {
        if (part.added) lines.push({ kind: "added", after: { number: right++, text } });
        else if (part.removed) lines.push({ kind: "removed", before: { number: left++, text } });
        else lines.push({ kind: "same", before: { number: left++, text }, after: { number: right++, text } });
      }
    }
  }
  return lines;
}

class KdDiff extends KdNode<"diff"> {
  #of = "";
  #lines: Line[] | undefined;
  #opened = new Set<number>();

  protected draw({ before, after, "before-title": left, "after-title": right }: KdNode<"diff">["props"]): unknown {
    const of = `${before.length} ${before}${after}`;
    if (this.#of !== of) {
      this.#of = of;
      this.#opened.clear();
      this.#lines = compare(before, after);
    }
    if (before === after) return html`<p class="kd-muted">${words.same}</p>`;
    // Too different to compare in time: both as they are.
    const lines: Line[] = this.#lines ?? [
      ...linesOf(before).map((text, index): Line => ({ kind: "removed", before: { number: index + 1, text } })),
      ...linesOf(after).map((text, index): Line => ({ kind: "added", after: { number: index + 1, text } })),
    ];
    const added = lines.filter(({ kind }) => kind === "added" || kind === "changed").length;
    const removed = lines.filter(({ kind }) => kind === "removed" || kind === "changed").length;
    return html`<div class="kd-diff" tabindex="0" role="region" aria-label="${left ?? words.before} – ${right ?? words.after}"><table role="table">
      <caption class="kd-diff-sum"><span class="kd-tone-good">+${added}</span> <span class="kd-tone-bad">−${removed}</span></caption>
      <colgroup><col class="kd-diff-number"><col><col class="kd-diff-number"><col></colgroup>
      <thead role="rowgroup"><tr role="row"><th role="columnheader" colspan="2" scope="col">${left ?? words.before}</th><th role="columnheader" colspan="2" scope="col">${right ?? words.after}</th></tr></thead>
      <tbody role="rowgroup">${this.#rows(lines)}</tbody></table></div>`;
  }

  #rows(lines: readonly Line[]): unknown[] {
    const near = new Uint8Array(lines.length);
    lines.forEach(({ kind }, index) => {
      if (kind !== "same") near.fill(1, Math.max(0, index - NEAR), index + NEAR + 1);
    });
    const rows: unknown[] = [];
    for (let index = 0; index < lines.length && rows.length < LONGEST; index++) {
      if (near[index]) {
        rows.push(this.#row(lines[index]!));
        continue;
      }
      let end = index;
      while (end < lines.length && !near[end]) end++;
      if (this.#opened.has(index) || end - index <= 2) {
        for (const line of lines.slice(index, end)) rows.push(this.#row(line));
      } else {
        const start = index;
        rows.push(html`<tr role="row"><td role="cell" colspan="4" class="kd-diff-fold"><button type="button" class="kd-text-button" @click=${() => { this.#opened.add(start); this.requestUpdate(); }}>${words.unchanged(end - index)}</button></td></tr>`);
      }
      index = end - 1;
    }
    if (rows.length >= LONGEST) rows.push(html`<tr role="row"><td role="cell" colspan="4" class="kd-diff-fold kd-muted">${words.tooMany}</td></tr>`);
    return rows;
  }

  #row({ before, after, kind }: Line): TemplateResult {
    let [left, right]: [unknown, unknown] = [before?.text, after?.text];
    if (kind === "changed" && before && after && before.text.length + after.text.length < 4000) {
      const parts = diffWordsWithSpace(before.text, after.text);
      left = parts.filter(({ added }) => !added).map(({ removed, value }) => (removed ? html`<del>${value}</del>` : value));
      right = parts.filter(({ removed }) => !removed).map(({ added, value }) => (added ? html`<ins>${value}</ins>` : value));
    }
    const gone = before && kind !== "same";
    const come = after && kind !== "same";
    return html`<tr role="row" class="kd-diff-${kind}"><td role="cell" class="kd-diff-line">${before?.number ?? nothing}</td><td role="cell" class=${gone ? "kd-diff-gone" : "kd-diff-text"}>${gone ? html`<span class="kd-hidden">${words.removed} </span>` : nothing}${left ?? nothing}</td>
      <td role="cell" class="kd-diff-line">${after?.number ?? nothing}</td><td role="cell" class=${come ? "kd-diff-come" : "kd-diff-text"}>${come ? html`<span class="kd-hidden">${words.added} </span>` : nothing}${right ?? nothing}</td></tr>`;
  }
}
define("diff", KdDiff);
