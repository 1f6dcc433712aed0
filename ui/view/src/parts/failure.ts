// What could not be had from the host, said in its place: what happened, what was kept and what to do, the id under which
// it is found, and the way to try again. Never the text of an error that nobody wrote for people.
import { nothing, type TemplateResult } from "lit";
import { html } from "../html.js";
import type { Problem } from "../host.js";
import type { KdNode } from "../node.js";
import { sentence } from "../format.js";
import { actionButton } from "./button.js";
import { icon } from "./icon.js";
import { words } from "../words.js";

export function problemIn(error: unknown): Problem | undefined {
  const { problem } = (typeof error === "object" && error !== null ? error : {}) as { problem?: Partial<Problem> };
  return typeof problem?.detail === "string" && problem.detail ? (problem as Problem) : undefined;
}

export function failure(from: KdNode, error: unknown, retry: (() => void) | undefined, title = words.failed): TemplateResult {
  const { detail, help, trace } = problemIn(error) ?? { detail: words.failedHelp };
  return html`<div class="kd-callout kd-callout-bad" role="alert">${icon("error")}<div><p class="kd-strong">${title}</p><p>${sentence(detail)}</p>
    ${help ? html`<p class="kd-muted">${sentence(help)}</p>` : nothing}
    ${retry ? html`<div class="kd-buttons"><button type="button" class="kd-button" @click=${retry}>${icon("retry")}<span>${words.retry}</span></button></div>` : nothing}
    ${trace ? html`<p class="kd-trace kd-muted">${words.trace} <code>${trace}</code>${actionButton(from, { copy: trace, done: words.copied }, { text: words.copy, weight: "quiet", small: true })}</p>` : nothing}</div></div>`;
}
