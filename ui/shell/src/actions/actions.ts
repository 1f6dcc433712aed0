// The one place where something is done: every action of every view, of the palette and of menus comes through here.
// A command is asked for, confirmed, run, told about and taken back in the same way whichever plug-in it belongs to.
import { resolveAction, type Action, type ActionContext, type CommandDeclaration, type Json, type Target } from "../../../view/src/index.js";
import { dismiss, copyText, notify, notifyProblem } from "../layout/notices.js";
import { addressParts, type Place } from "../places/place.js";
import type { Outcome, Session } from "../session.js";
import { objectUrl } from "../transport/http.js";
import { asProblem, sentence, type Problem } from "../transport/problem.js";
import { newKey } from "../transport/socket.js";
import type { OpenView, Views } from "../views/views.js";
import { t } from "../words/words.js";
import { remember } from "./journal.js";
import { fill, firstText } from "./outcome.js";

export interface ActionsHost {
  session: Session;
  views(): Views;
  place(): Place;
  open(target: Target): void;
  upload(to: string, files?: DataTransfer, anchor?: HTMLElement): void;
  /** Shows what a command answered. */
  show(outcome: Outcome, command: CommandDeclaration | undefined, anchor: HTMLElement | null): void;
}

// Bar 26 of the study: after a second one sees that something goes on.
const SLOW = 1000;
// An answer that sends the page on and on would never end.
const CHAIN = 5;

/** What a try at a command gave. */
export type Tried = { outcome: Outcome } | { problem: Problem };

export class Actions {
  constructor(private readonly host: ActionsHost) {}

  async act(action: Action, context: ActionContext, depth = 0): Promise<void> {
    const view = this.host.views().byId(context.viewId);
    // What a command destroys is asked for when it is known what it needs.
    if (action.confirm && !(action.run && this.host.session.command(action.run)?.effect === "destroy")) {
      const { confirmLoss } = await import("./ask.js");
      if (!(await confirmLoss(action.confirm, view?.surface.plugin ?? "", context.anchor))) return;
    }
    if (action.run) return this.run(action, context.anchor, view, context);
    if (action.act !== undefined && view) return this.#ask(action, context, view, depth);
    if (action.open) return this.host.open(action.open);
    if (action.set && action.reopen && view) return view.reopen(view.params);
    if (action.upload !== undefined) return this.host.upload(action.upload, undefined, context.anchor);
    if (action.download !== undefined) return this.download(action.download);
    if (action.copy !== undefined) return copyText(action.copy, action.done);
  }

  download(address: string): void {
    const link = document.createElement("a");
    link.href = objectUrl(address);
    link.download = "";
    link.hidden = true;
    document.body.append(link);
    link.click();
    link.remove();
  }

  /** The plug-in's own action. */
  async #ask(action: Action, context: ActionContext, view: OpenView, depth: number): Promise<void> {
    const key = newKey();
    const again = (): void => void this.act(action, context, depth);
    view.told();
    try {
      const reaction = await this.host.session.link.request<{ data?: Json; note?: string; then?: Action | null }>(
        "act", () => ({ view: view.serverId, name: action.act, arguments: action.arguments ?? {}, data: view.data, key }));
      if (reaction.data && Object.keys(reaction.data).length) view.patch({ data: reaction.data }, true);
      if (reaction.note) notify({ text: reaction.note, tone: "good" });
      if (reaction.then && depth < CHAIN) {
        await this.act(resolveAction(reaction.then, { data: view.data }), { ...context, data: view.data }, depth + 1);
      }
    } catch (error) {
      // What an editor asks while one types is nobody's concern when it fails.
      if (context.node.kind === "editor") return console.warn(error);
      this.#failed(asProblem(error), "", again);
    }
  }

  /** A command: of a view, or (without one) of the palette. */
  async run(action: Action, anchor: HTMLElement | null, view?: OpenView, context?: ActionContext): Promise<void> {
    const words = action.run ?? [];
    const command = this.host.session.command(words);
    const project = addressParts(view?.address || this.host.place().address).project;
    let given = { ...(action.arguments ?? {}) };
    const destroys = command?.effect === "destroy" && !action.undo;
    if (action.ask?.length && command) {
      // The form keeps what was typed until it worked or was given up.
      const { askFor } = await import("./ask.js");
      const asked = command.arguments.filter(({ name }) => action.ask!.includes(name));
      const tried = await askFor(command, asked, given, anchor, destroys ? view?.surface.plugin ?? "" : undefined,
        (values, signal) => this.#try(words, { ...given, ...values }, project, newKey(), signal));
      if (!tried) return;
      given = { ...given, ...tried.values };
      return this.#worked(action, command, tried.outcome, anchor, given);
    }
    if (destroys) {
      const { confirmDestroy } = await import("./ask.js");
      if (!(await confirmDestroy(command, given, command?.plugin ?? view?.surface.plugin ?? "", anchor, action.confirm))) return;
    }
    const key = newKey();
    const once = async (): Promise<void> => {
      const tried = await this.#watched(command?.summary ?? words.join(" "), (signal) => this.#try(words, given, project, key, signal));
      if ("outcome" in tried) return this.#worked(action, command, tried.outcome, anchor, given);
      this.#takeBack(context);
      // The key stays only when nobody knows whether it happened.
      const unsure = tried.problem.kind === "unavailable" && !tried.problem.trace;
      this.#failed(tried.problem, "", unsure ? () => void once() : () => void this.run(action, anchor, view, context));
    };
    await once();
  }

  async #try(words: readonly string[], given: Json, project: string, key: string, signal?: AbortSignal): Promise<Tried> {
    try {
      return { outcome: await this.host.session.run(words, given, project, key, signal) };
    } catch (error) {
      return { problem: asProblem(error) };
    }
  }

  /** After a second it says that it is at work, and can be stopped. */
  async #watched(title: string, work: (signal: AbortSignal) => Promise<Tried>): Promise<Tried> {
    const abort = new AbortController();
    let shown = 0;
    const timer = setTimeout(() => {
      shown = notify({ tone: "busy", text: t("working", { what: title }), lasts: 0, buttons: [{ text: t("stop"), icon: "stop", press: () => abort.abort() }] });
    }, SLOW);
    try {
      return await work(abort.signal);
    } finally {
      clearTimeout(timer);
      if (shown) dismiss(shown);
    }
  }

  #worked(action: Action, command: CommandDeclaration | undefined, outcome: Outcome, anchor: HTMLElement | null, given: Json): void {
    const data = (outcome?.data ?? {}) as Json;
    const reads = command?.effect === "read";
    const view = outcome?.view ?? [];
    if (reads && !action.done && !action.then) {
      if (view.length) return this.host.show(outcome, command, anchor);
    }
    const text = action.done ? fill(action.done, data) : reads ? "" : sentence(firstText(view)) || t("done", { what: command?.summary ?? "" });
    const { undo } = action;
    const entry = undo ? remember(text || (command?.summary ?? ""), () => this.#undo({ run: undo.run, arguments: fill(undo.arguments, data) })) : undefined;
    if (!undo && !reads) remember(text || (command?.summary ?? ""), undefined);
    if (text) {
      notify({ tone: "good", text, buttons: entry ? [{ text: t("undo"), icon: "undo", press: () => void entry.undo() }] : [] });
    }
    if (action.then) this.host.open(fill(action.then, data));
    void given;
  }

  /** Whether it was taken back. */
  async #undo(undo: { run: string[]; arguments: Json }): Promise<boolean> {
    const project = addressParts(this.host.place().address).project;
    const tried = await this.#watched(t("undoing"), (signal) => this.#try(undo.run, undo.arguments, project, newKey(), signal));
    if ("outcome" in tried) {
      notify({ tone: "good", text: t("undone") });
      return true;
    }
    this.#failed(tried.problem, t("undo.failed"), () => void this.#undo(undo));
    return false;
  }

  /** A switch was thrown on the screen before the server said yes; it said no. */
  #takeBack(context: ActionContext | undefined): void {
    const bind = context?.node.props["bind"];
    if (context?.node.kind === "switch" && typeof bind === "string" && typeof context.value === "boolean") context.set({ [bind]: !context.value });
  }

  #failed(problem: Problem, title: string, again: () => void): void {
    if (problem.kind === "cancelled") {
      notify({ text: t("stopped"), ...(problem.help ? { help: problem.help } : {}) });
      return;
    }
    const retry = problem.kind === "invalid" || problem.kind === "denied" ? [] : [{ text: t("retry"), icon: "retry", press: again }];
    notifyProblem(problem, title, retry);
  }
}
