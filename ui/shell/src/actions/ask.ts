// Dialogs before a command: the form of what it still needs, made from its declaration, and the question before
// something is destroyed for good. What was typed stays until the command worked.
import { nothing, type TemplateResult } from "lit";
import { html } from "../../../view/src/html.js";
import { icon, readsAs, type CommandDeclaration } from "../../../view/src/index.js";
import type { CommandArgument } from "../../../view/src/host.js";
import { openDialog, type OpenDialog } from "../layout/dialog.js";
import { traceLine } from "../layout/notices.js";
import type { Outcome } from "../session.js";
import type { Command } from "../transport/http.js";
import { cancelled, sentence, type Problem } from "../transport/problem.js";
import { t } from "../words/words.js";
import { LONG, type Tried } from "./actions.js";
import { question, SETTLE, type Question } from "./trust.js";

export type Values = Record<string, unknown>;

/** What a field holds, as the command wants it; undefined when nothing was given. */
export function valueOf(argument: CommandArgument, text: string, checked: boolean): unknown {
  if (argument.type === "boolean") return checked;
  if (argument.repeated) {
    const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
    return lines.length ? lines : undefined;
  }
  if (text.trim() === "") return undefined;
  if (argument.type === "integer" || argument.type === "number") return Number(text);
  return argument.type === "text" ? text : text.trim();
}

export const label = (name: string): string => (name ? name[0]!.toUpperCase() + name.slice(1).replaceAll("-", " ") : "");

/** What a person types to say that it may be lost: the last part of what it is called, or of many how many. */
export function nameOf(command: CommandDeclaration | undefined, given: Values): string {
  const many = Object.values(given).find(Array.isArray) as unknown[] | undefined;
  if (many && many.length > 1) return String(many.length);
  const first = command?.arguments.find(({ type, name }) => type !== "boolean" && typeof given[name] === "string");
  const value = many?.[0] ?? given["name"] ?? (first ? given[first.name] : Object.values(given).find((one) => typeof one === "string"));
  const last = typeof value === "string" ? value.replace(/\/$/, "").split("/").pop()!.replace(/@.*$/, "") : "";
  return last || (command?.name.at(-1) ?? "");
}

export function problemBox(problem: Problem | undefined): TemplateResult | typeof nothing {
  if (!problem) return nothing;
  return html`<div class="ks-problem" role="alert">
    <p><strong>${sentence(problem.detail)}</strong></p>
    ${problem.help ? html`<p>${sentence(problem.help)}</p>` : nothing}
    ${traceLine(problem.trace)}
  </div>`;
}

function field(argument: CommandArgument, given: Values, id: string, first: boolean): TemplateResult {
  const value = given[argument.name] ?? argument.default;
  const text = Array.isArray(value) ? value.join("\n") : value === undefined || value === null ? "" : String(value);
  const help = argument.help ? html`<p class="kd-muted ks-help" id=${`${id}-help`}>${sentence(argument.help)}</p>` : nothing;
  const described = argument.help ? `${id}-help` : nothing;
  if (argument.type === "boolean") {
    return html`<div class="ks-field"><label class="ks-check"><input type="checkbox" name=${argument.name} ?checked=${value === true} aria-describedby=${described} ?data-first=${first}>
      <span>${label(argument.name)}</span></label>${help}</div>`;
  }
  const input = argument.choices?.length
    ? html`<select id=${id} name=${argument.name} ?required=${argument.required} aria-describedby=${described} ?data-first=${first}>
        ${argument.required ? nothing : html`<option value=""></option>`}
        ${argument.choices.map((choice) => html`<option value=${choice} ?selected=${choice === text}>${choice}</option>`)}</select>`
    : argument.repeated
      ? html`<textarea id=${id} name=${argument.name} rows="3" ?required=${argument.required} aria-describedby=${described} ?data-first=${first} .value=${text}></textarea>`
      : html`<input id=${id} name=${argument.name} type=${argument.type === "integer" || argument.type === "number" ? "number" : "text"}
          step=${argument.type === "number" ? "any" : nothing} autocomplete="off" autocapitalize="none" spellcheck=${argument.type === "text" ? nothing : "false"}
          ?required=${argument.required} aria-describedby=${described} ?data-first=${first} .value=${text}>`;
  return html`<div class="ks-field"><label for=${id}>${label(argument.name)}${argument.required ? nothing : html` <span class="kd-muted">${t("optional")}</span>`}</label>
    ${input}${help}${argument.repeated ? html`<p class="kd-muted ks-help">${t("ask.lines")}</p>` : nothing}</div>`;
}

/** What a form gave; `pending` when it takes so long that it goes on without the form. */
export type Asked = { values: Values } & ({ outcome: Outcome } | { pending: Promise<Tried>; abort: AbortController });

/**
 * A form in a dialog; resolves when the command worked or the person gave up. `destroys` says that it is lost then.
 * With `crossing` a view of another plug-in asks: the form says so, shows what was filled in for the person, and is the
 * question whether it may.
 */
export function askFor(
  command: Command, asked: readonly CommandArgument[], given: Values, opener: HTMLElement | null, destroys: boolean, crossing: Question | undefined,
  run: (values: Values, signal: AbortSignal) => Promise<Tried>,
): Promise<Asked | undefined> {
  let problem: Problem | undefined;
  let abort: AbortController | undefined;
  const id = `ask-${command.name.join("-")}`;
  // A key or click that was meant for what was there before answers nothing; who types into the form has seen it.
  let settled = crossing === undefined;

  const settle = (): void => {
    if (settled) return;
    settled = true;
    dialog.draw();
  };

  const send = async (event: Event, dialog: OpenDialog<Asked>): Promise<void> => {
    event.preventDefault();
    if (abort || !settled) return;
    const form = event.target as HTMLFormElement;
    const values: Values = {};
    for (const argument of asked) {
      const control = form.elements.namedItem(argument.name) as HTMLInputElement | null;
      const value = control ? valueOf(argument, control.value, control.checked) : undefined;
      if (value !== undefined) values[argument.name] = value;
    }
    abort = new AbortController();
    problem = undefined;
    dialog.draw();
    const mine = abort;
    const pending = run(values, mine.signal);
    const long = setTimeout(() => { abort = undefined; dialog.close({ values, pending, abort: mine }); }, LONG);
    const tried = await pending;
    clearTimeout(long);
    // It went on without the form.
    if (abort !== mine) return;
    abort = undefined;
    if ("outcome" in tried) return dialog.close({ outcome: tried.outcome, values });
    problem = tried.problem.kind === "cancelled" ? cancelled() : tried.problem;
    dialog.draw();
  };

  const dialog = openDialog<Asked>({
    title: command.summary,
    opener,
    leave: () => {
      // Escape stops what is running first, and closes the second time.
      if (!abort) return true;
      abort.abort();
      return false;
    },
    content: (open) => html`<form class="ks-form" @submit=${(event: Event) => void send(event, open)} @input=${settle}>
      <div class="ks-dialog-body">
        ${command.about && command.about !== command.summary ? html`<p class="kd-muted ks-about">${command.about.split("\n")[0]}</p>` : nothing}
        ${asked.map((argument, index) => field(argument, given, `${id}-${argument.name}`, index === 0))}
        ${destroys ? html`<div class="ks-problem"><p><strong>${t("destroy.forever")}</strong></p></div>` : nothing}
        ${problemBox(problem)}
        ${crossing ? question(crossing, asked.map(({ name }) => name)) : by(command.plugin)}
      </div>
      <div class="ks-dialog-foot">
        <button type="button" class="kd-button" @click=${() => open.leave()}>${abort ? t("stop") : t("cancel")}</button>
        <button class="kd-button ${destroys ? "kd-button-danger" : "kd-button-primary"}" ?disabled=${!settled} aria-busy=${abort ? "true" : "false"}>
          ${abort ? html`<span class="ks-spin"></span>` : nothing}<span>${problem ? t("retry") : verb(command)}</span></button>
      </div>
    </form>`,
  });
  if (!settled) setTimeout(settle, SETTLE);
  return dialog.closed;
}

const verb = (command: CommandDeclaration): string => label(command.name[command.name.length - 1] ?? "");
/** Whose words and whose question these are: said by the shell, where no plug-in can write. */
const by = (plugin: string): TemplateResult | typeof nothing => (plugin ? html`<p class="kd-muted ks-by">${t("by.plugin", { plugin })}</p>` : nothing);

/** Before something that cannot be undone: its name is typed. Without a command it is a plug-in's own action. */
export async function confirmDestroy(command: CommandDeclaration | undefined, given: Values, plugin: string, opener: HTMLElement | null, loss = t("destroy.forever")): Promise<boolean> {
  const name = nameOf(command, given);
  let typed = "";
  const dialog = openDialog<boolean>({
    title: command?.effect === "destroy" ? command.summary : t("confirm.title"),
    opener,
    content: (open) => html`<form class="ks-form" @submit=${(event: Event) => { event.preventDefault(); if (readsAs(typed, name)) open.close(true); }}>
      <div class="ks-dialog-body">
        <p>${loss}</p>
        <dl class="ks-facts">${Object.entries(given).filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false).map(([key, value]) =>
          html`<dt>${label(key)}</dt><dd>${Array.isArray(value) ? value.join(", ") : String(value)}</dd>`)}</dl>
        ${name ? html`<div class="ks-field"><label for="destroy-name">${t("destroy.type", { name })}</label>
          <input id="destroy-name" data-first autocomplete="off" autocapitalize="none" spellcheck="false" @input=${(event: Event) => { typed = (event.target as HTMLInputElement).value; open.draw(); }}></div>` : nothing}
        ${by(plugin)}
      </div>
      <div class="ks-dialog-foot">
        <button type="button" class="kd-button" ?data-first=${!name} @click=${() => open.leave()}>${t("destroy.keep")}</button>
        <button class="kd-button kd-button-danger" ?disabled=${!readsAs(typed, name)}>${icon("delete")}<span>${command ? verb(command) : t("confirm.do")}</span></button>
      </div>
    </form>`,
  });
  return (await dialog.closed) === true;
}
