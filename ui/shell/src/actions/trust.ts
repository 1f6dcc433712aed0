// The question before a plug-in has something done by another one: who asks, who does it, what exactly. Everything that a
// plug-in could have written is shown beside its id, which no plug-in chooses; the rest are the shell's own words.
import { nothing, type TemplateResult } from "lit";
import { html } from "../../../view/src/html.js";
import { icon, readsAs } from "../../../view/src/index.js";
import { openDialog } from "../layout/dialog.js";
import type { Command } from "../transport/http.js";
import { t } from "../words/words.js";
import { label, nameOf, type Values } from "./ask.js";

/** A plug-in as a person tells it from others. */
export interface Party {
  id: string;
  title: string;
}

export interface Question {
  asks: Party;
  of: Party;
  command: Command;
  given: Values;
  /** What the asking plug-in says that is lost. */
  says?: string | undefined;
}

// A second click or key that was meant for what was there before must not answer; browsers wait about as long.
export const SETTLE = 700;

const party = ({ id, title }: Party): TemplateResult => html`<strong>${title || id}</strong> <code>${id}</code>`;

const given = (value: unknown): boolean => value !== undefined && value !== null && value !== "" && value !== false && !(Array.isArray(value) && !value.length);

const shown = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

function about(value: unknown): TemplateResult {
  if (!Array.isArray(value)) return html`<code>${shown(value)}</code>`;
  return html`<ul>${value.map((one) => html`<li><code>${shown(one)}</code></li>`)}</ul>`;
}

/** Who asks whom for what, for a dialog or a form. */
export function question({ asks, of, command, given: values, says }: Question, but: readonly string[] = []): TemplateResult {
  const rows = Object.entries(values).filter(([name, value]) => given(value) && !but.includes(name));
  return html`<dl class="ks-facts ks-trust">
      <dt>${t("trust.asks")}</dt><dd>${party(asks)}</dd>
      <dt>${t("trust.does")}</dt><dd>${party(of)}</dd>
      <dt>${t("trust.what")}</dt><dd>${command.summary} <code>${command.name.join(" ")}</code></dd>
      ${rows.map(([name, value]) => html`<dt>${label(name)}</dt><dd>${about(value)}</dd>`)}
    </dl>
    ${says ? html`<blockquote class="ks-says"><p>${t("trust.quote", { text: says })}</p><footer class="kd-muted">${t("trust.says", { asks: asks.title || asks.id })}</footer></blockquote>` : nothing}`;
}

/** True when the person allows it. What destroys is allowed by typing its name, as always. */
export async function confirmCrossing(asked: Question, opener: HTMLElement | null): Promise<boolean> {
  const { command, given: values } = asked;
  const destroys = command.effect === "destroy";
  const name = destroys ? nameOf(command, values) : "";
  let typed = "";
  let settled = false;
  const dialog = openDialog<boolean>({
    title: t("trust.title"),
    opener,
    content: (open) => html`<form class="ks-form" @submit=${(event: Event) => { event.preventDefault(); if (settled && readsAs(typed, name)) open.close(true); }}>
      <div class="ks-dialog-body">
        <p class="ks-trust-lead">${icon("shield")}<span>${t(destroys ? "trust.destroy" : "trust.change")}</span></p>
        ${question(asked)}
        ${destroys ? html`<div class="ks-problem"><p><strong>${t("destroy.forever")}</strong></p></div>` : nothing}
        ${name ? html`<div class="ks-field"><label for="trust-name">${t("destroy.type", { name })}</label>
          <input id="trust-name" data-first autocomplete="off" autocapitalize="none" spellcheck="false" @input=${(event: Event) => { typed = (event.target as HTMLInputElement).value; open.draw(); }}></div>` : nothing}
        <p class="kd-muted">${t("trust.advice")}</p>
      </div>
      <div class="ks-dialog-foot">
        <button type="button" class="kd-button" ?data-first=${!name} @click=${() => open.leave()}>${t("trust.refuse")}</button>
        <button class="kd-button ${destroys ? "kd-button-danger" : "kd-button-primary"}" ?disabled=${!settled || !readsAs(typed, name)}>${icon(destroys ? "delete" : "check")}<span>${t("trust.allow")}</span></button>
      </div>
    </form>`,
  });
  const timer = setTimeout(() => { settled = true; dialog.draw(); }, SETTLE);
  const allowed = await dialog.closed;
  clearTimeout(timer);
  return allowed === true;
}
