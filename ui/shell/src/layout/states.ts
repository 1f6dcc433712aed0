// States of the page that no surface draws: nothing here, nothing yet, signed out, something that failed. Each says what
// it is and has a way on.
import { nothing, type TemplateResult } from "lit";
import { html } from "../../../view/src/html.js";
import { icon } from "../../../view/src/index.js";
import { sentence } from "../transport/problem.js";
import { traceLine } from "./notices.js";
import { t } from "../words/words.js";
import type { WordKey } from "../words/en.js";

export type StateKind = "signed-out" | "nothing-here" | "empty" | "failed";

const SAYS: Record<StateKind, { sign: string; title: WordKey; text: WordKey | undefined }> = {
  "signed-out": { sign: "shield", title: "signedout.title", text: "signedout.text" },
  "nothing-here": { sign: "search", title: "nothere.title", text: undefined },
  empty: { sign: "plugin", title: "empty.title", text: undefined },
  failed: { sign: "warning", title: "failed.page", text: undefined },
};

/** What stands where something is still on its way. */
export const bones: TemplateResult = html`<div class="ks-bone ks-bone-title"></div><div class="ks-bone"></div><div class="ks-bone"></div><div class="ks-bone ks-bone-short"></div>`;

export function stateBox(kind: StateKind, retry?: () => void, text = "", help = "", trace = ""): TemplateResult {
  const { sign, title, text: fixed } = SAYS[kind];
  const content = html`<div class="ks-state">
    <span class="ks-state-sign">${icon(sign)}</span>
    <h1>${t(title)}</h1>
    ${fixed ? html`<p>${t(fixed)}</p>` : nothing}
    ${text ? html`<p>${text}</p>` : nothing}
    ${help ? html`<p class="kd-muted">${sentence(help)}</p>` : nothing}
    ${kind === "signed-out" ? html`<p class="kd-muted">${t("signedout.help")} <code>http://127.0.0.1:PORT/?token=…</code></p>` : nothing}
    <div class="kd-buttons">
      ${retry ? html`<button type="button" class="kd-button" @click=${retry}>${icon("retry")}<span>${t("retry")}</span></button>` : nothing}
      ${kind === "signed-out" || kind === "empty" ? nothing : html`<a class="kd-button kd-button-quiet" href="/">${icon("home")}<span>${t("home.go")}</span></a>`}
    </div>${traceLine(trace)}</div>`;
  return kind === "signed-out" ? html`<main id="main" tabindex="-1" class="ks-alone">${content}</main>` : content;
}
