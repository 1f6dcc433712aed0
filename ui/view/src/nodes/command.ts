// `command`: the form of a command, made of its declaration: one declaration serves the command line, the palette and
// this. Arguments that are given already are not asked for.
import { nothing } from "lit";
import { html } from "../html.js";
import type { CommandArgument } from "../host.js";
import { define, freshId, KdNode, note } from "../node.js";
import { buttonClass } from "../parts/button.js";
import { words } from "../words.js";

class KdCommand extends KdNode<"command"> {
  #id = freshId("command");
  #values: Record<string, unknown> = {};
  #problems: Record<string, string> = {};

  protected draw({ run, arguments: given = {} }: KdNode<"command">["props"]): unknown {
    const command = this.view.host.command(run);
    if (!command) return note(words.notThere(run.join(" ")));
    const asked = command.arguments.filter(({ name }) => !Object.hasOwn(given, name));
    const destroy = command.effect === "destroy";
    return html`<form novalidate class="kd-form-body" @submit=${(event: Event) => {
      event.preventDefault();
      event.stopPropagation();
      this.#submit(asked, given);
    }}><p>${command.summary}</p>${destroy ? html`<p class="kd-tone-bad">${words.destroys}</p>` : nothing}
      ${asked.map((argument) => this.#field(argument))}
      <div class="kd-buttons"><button type="submit" class=${buttonClass({ weight: destroy ? "danger" : command.effect === "write" ? "primary" : "normal" })}>${words.run}</button></div></form>`;
  }

  #field(argument: CommandArgument): unknown {
    const id = `${this.#id}-${argument.name}`;
    const problem = this.#problems[argument.name];
    const label = argument.name.replaceAll("-", " ");
    const value = this.#values[argument.name] ?? argument.default ?? "";
    const described = `${id}-help${problem ? ` ${id}-error` : ""}`;
    const set = (next: unknown) => { this.#values[argument.name] = next; };
    const control = argument.type === "boolean"
      ? html`<input type="checkbox" id=${id} .checked=${value === true} aria-describedby=${described} @change=${(event: Event) => set((event.target as HTMLInputElement).checked)}>`
      : argument.choices?.length && !argument.repeated
        ? html`<select class="kd-control" id=${id} aria-describedby=${described} aria-invalid=${problem ? "true" : nothing} @change=${(event: Event) => set((event.target as HTMLSelectElement).value)}>
            ${argument.required && value !== "" ? nothing : html`<option value="">–</option>`}${argument.choices.map((choice) => html`<option value=${choice} ?selected=${choice === value}>${choice}</option>`)}</select>`
        : argument.repeated
          ? html`<textarea class="kd-control" id=${id} rows="3" aria-describedby=${described} aria-invalid=${problem ? "true" : nothing}
              @input=${(event: Event) => set((event.target as HTMLTextAreaElement).value.split("\n").map((line) => line.trim()).filter(Boolean))}></textarea>`
          : html`<input class="kd-control" id=${id} type=${argument.type === "integer" || argument.type === "number" ? "number" : "text"} step=${argument.type === "integer" ? "1" : "any"} autocomplete="off" .value=${String(value)}
              aria-required=${argument.required ? "true" : nothing} aria-describedby=${described} aria-invalid=${problem ? "true" : nothing}
              @input=${(event: Event) => {
                const input = event.target as HTMLInputElement;
                set(input.type === "number" ? (input.value === "" ? "" : input.valueAsNumber) : input.value);
              }}>`;
    const says = html`<label for=${id} class=${argument.type === "boolean" ? "" : "kd-label"}>${label}${argument.required ? html`<span class="kd-star" aria-hidden="true"> *</span>` : nothing}</label>`;
    return html`<div class="kd-field">${argument.type === "boolean" ? html`<div class="kd-inline">${control}${says}</div>` : html`${says}${control}`}
      <p class="kd-help" id="${id}-help">${argument.help}${argument.repeated ? ` ${words.separated}` : ""}</p>${problem ? html`<p class="kd-error" id="${id}-error" role="alert">${problem}</p>` : nothing}</div>`;
  }

  #submit(asked: readonly CommandArgument[], given: Record<string, unknown>): void {
    this.#problems = {};
    const values: Record<string, unknown> = {};
    for (const { name, required, type, default: normal } of asked) {
      const value = this.#values[name] ?? normal;
      const empty = value === undefined || value === "" || (Array.isArray(value) && !value.length);
      if (empty && required && type !== "boolean") this.#problems[name] = words.required;
      if (!empty) values[name] = value;
    }
    this.requestUpdate();
    const first = Object.keys(this.#problems)[0];
    if (first !== undefined) return this.querySelector<HTMLElement>(`#${this.#id}-${CSS.escape(first)}`)?.focus();
    const button = this.querySelector<HTMLElement>("button[type=submit]");
    // What was typed must not be taken for a reference, so only what the plug-in gave is resolved.
    if (button) void this.actBusy({ run: this.props.run, arguments: given }, button, {}, values);
  }
}
define("command", KdCommand);
