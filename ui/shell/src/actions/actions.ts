// The one place where something is done: every action of every view, of the palette and of menus comes through here.
// A command is asked for, confirmed, run, told about and taken back in the same way whichever plug-in it belongs to.
import { resolveAction, type Action, type ActionContext, type Json, type Target } from "../../../view/src/index.js";
import { dismiss, copyText, notify, notifyProblem } from "../layout/notices.js";
import { addressParts, type Place } from "../places/place.js";
import type { Outcome, Session } from "../session.js";
import { objectUrl, type Command } from "../transport/http.js";
import { asProblem, cancelled, sentence, type Problem } from "../transport/problem.js";
import { newKey } from "../transport/socket.js";
import type { OpenView, Views } from "../views/views.js";
import { t } from "../words/words.js";
import { crosses, mustAsk, offered, ofPlugin, ofView, shell, unasked, type Asker, type OfferedUndo } from "./asking.js";
import type { Entry } from "./journal.js";
import { fill, firstText } from "./outcome.js";
import type { Question } from "./trust.js";
import { goesOn } from "./works.js";

export interface ActionsHost {
  session: Session;
  views(): Views;
  place(): Place;
  open(target: Target): void;
  upload(to: string, anchor?: HTMLElement, undo?: OfferedUndo): void;
  /** Shows what a command answered. */
  show(outcome: Outcome, command: Command | undefined, anchor: HTMLElement | null): void;
  /** Shows what goes on. */
  tasks(): void;
}

// Bar 26 of the study: after a second one sees that something goes on, after ten it goes on in the background.
const SLOW = 1000;
export const LONG = 10_000;
// Nobody can undo anything before something was done.
const journal = (): Promise<typeof import("./journal.js")> => import("./journal.js");
// An answer that sends the page on and on would never end.
const CHAIN = 5;

/** What a try at a command gave. */
export type Tried = { outcome: Outcome } | { problem: Problem };

/** Whether nobody knows if it happened. */
const isUnsure = ({ kind, trace }: Problem): boolean => kind === "unavailable" && !trace;

export class Actions {
  constructor(private readonly host: ActionsHost) {}

  /**
   * An action of an element of a plug-in. `of` is the plug-in of what is shown outside of an open view. Answers whether
   * it happened.
   */
  async act(action: Action, context: ActionContext, of = "", depth = 0): Promise<boolean> {
    const view = this.host.views().byId(context.viewId);
    const asker = view ? ofView(view) : ofPlugin(of);
    if (!(await this.#known(action, () => void this.act(action, context, of, depth)))) return false;
    const command = action.run && this.host.session.command(action.run);
    if ((!context.chosen && unasked(action, command)) || (action.run && !asker.plugin)) {
      const what = command?.summary ?? (action.run ?? [t("upload")]).join(" ");
      notify({ tone: "bad", text: t("unasked", { what, plugin: asker.plugin }), help: t("unasked.help") });
      return false;
    }
    // What a command destroys, or another plug-in does, is asked for when it is known what it needs.
    if (action.confirm && command?.effect !== "destroy" && !crosses(asker, command)) {
      const { confirmDestroy } = await import("./ask.js");
      if (!(await confirmDestroy(command, action.arguments ?? {}, command?.plugin ?? asker.plugin, context.anchor, action.confirm))) return false;
    }
    if (action.run) return this.run(action, context.anchor, asker, view, context);
    if (action.act !== undefined && view) return this.#ask(action, context, view, depth);
    if (action.open) this.host.open(action.open);
    else if (action.set && action.reopen && view) await view.reopen(view.params);
    else if (action.upload !== undefined) this.host.upload(action.upload, context.anchor, offered(action.undo, asker));
    else if (action.download !== undefined) this.download(action.download);
    else if (action.copy !== undefined) await copyText(action.copy, action.done);
    return true;
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
  async #ask(action: Action, context: ActionContext, view: OpenView, depth: number): Promise<boolean> {
    type Reaction = { data?: Json; note?: string; then?: Action | null };
    const key = newKey();
    const typing = !context.chosen && depth === 0;
    const ask = (signal?: AbortSignal): Promise<Reaction> => this.host.session.link.request<Reaction>(
      "act", () => ({ view: view.serverId, name: action.act, arguments: action.arguments ?? {}, data: view.data, key }), { signal, timeout: 0 });
    view.told();
    try {
      // What is asked while one types goes on unseen, and leads to nothing but data.
      const reaction = typing ? await ask() : await this.#watched(view.surface.title, view.surface.plugin, ask);
      if (reaction.data && Object.keys(reaction.data).length) view.patch({ data: reaction.data }, true);
      if (typing) return true;
      if (reaction.note) notify({ text: reaction.note, tone: "good" });
      if (reaction.then && depth < CHAIN) {
        // The person chose what was answered, not the answer.
        const next = { ...context, data: view.data, chosen: false };
        return await this.act(resolveAction(reaction.then, { data: view.data }), next, "", depth + 1);
      }
      return true;
    } catch (error) {
      // Nobody's concern when it fails.
      if (typing) console.warn(error);
      else this.#failed(asProblem(error), "", () => void this.act(action, context, "", depth));
      return false;
    }
  }

  /** Whether it is known what a command needs and whether it changes something; says why not. */
  async #known(action: Action, again: () => void, anew = false): Promise<boolean> {
    const { session } = this.host;
    if (!action.run || (session.commands.value.length && !anew)) return true;
    try {
      await session.loadCommands();
      return true;
    } catch (error) {
      this.#failed(asProblem(error), "", again);
      return false;
    }
  }

  /** A command: of an element of a plug-in, or of the palette. Answers whether it happened. */
  async run(action: Action, anchor: HTMLElement | null, asker: Asker = shell, view?: OpenView, context?: ActionContext): Promise<boolean> {
    const { session } = this.host;
    const words = action.run ?? [];
    const again = (values: Json = {}): void => void this.run({ ...action, arguments: { ...action.arguments, ...values } }, anchor, asker, view, context);
    if (!(await this.#known(action, again))) return false;
    const command = session.command(words);
    const title = command?.summary ?? words.join(" ");
    const plugin = command?.plugin ?? "";
    const project = addressParts(view?.address || this.host.place().address).project;
    const given = { ...(action.arguments ?? {}) };
    const destroys = mustAsk(command, action.undo, asker, (words) => session.command(words));
    const crossing = crosses(asker, command) ? this.#question(asker, command!, given, action.confirm) : undefined;
    const outcome = (ended: Outcome, values: Json): void => this.#worked(action, command, ended, anchor, values, project, asker);
    if (action.ask?.length && command) {
      // The form keeps what was typed until it worked or was given up.
      const { askFor } = await import("./ask.js");
      const asked = command.arguments.filter(({ name }) => action.ask!.includes(name));
      let before = { values: "", key: "" };
      const since = Date.now();
      const tried = await askFor(command, asked, given, anchor, destroys, crossing, async (values, signal) => {
        // A form that can be sent at once is no place to decide about a loss.
        if (crossing && destroys && !(await this.#allows({ ...crossing, given: { ...given, ...values } }, anchor))) return { problem: cancelled() };
        // The same again under the same key while nobody knows whether it happened.
        const now = JSON.stringify(values);
        const key = now === before.values ? before.key : newKey();
        const tried = await this.#try(words, { ...given, ...values }, project, key, asker, crossing !== undefined, signal);
        before = "problem" in tried && isUnsure(tried.problem) ? { values: now, key } : { values: "", key: "" };
        return tried;
      });
      if (!tried) return false;
      const ended = "pending" in tried ? await this.#behind(title, since, tried.pending, tried.abort) : tried;
      if ("outcome" in ended) {
        outcome(ended.outcome, { ...given, ...tried.values });
        return true;
      }
      // Its form is gone, what was typed is not.
      this.#failed(ended.problem, "", () => again(tried.values), true);
      return false;
    }
    if (crossing) {
      if (!(await this.#allows(crossing, anchor))) return this.#takeBack(context);
    } else if (destroys) {
      const { confirmDestroy } = await import("./ask.js");
      if (!(await confirmDestroy(command, given, command?.plugin ?? asker.plugin, anchor, action.confirm))) return this.#takeBack(context);
    }
    const key = newKey();
    const once = async (): Promise<boolean> => {
      const tried = await this.#watched(title, plugin, (signal) => this.#try(words, given, project, key, asker, crossing !== undefined, signal));
      if ("outcome" in tried) {
        outcome(tried.outcome, given);
        return true;
      }
      // The command is another plug-in's by now: the person is asked after all.
      if (tried.problem.kind === "confirm" && !crossing && (await this.#known(action, again, true)) && crosses(asker, session.command(words))) {
        return this.run(action, anchor, asker, view, context);
      }
      this.#takeBack(context);
      // The key stays only when nobody knows whether it happened.
      this.#failed(tried.problem, "", isUnsure(tried.problem) ? () => void once() : () => again());
      return false;
    };
    return once();
  }

  #question(asker: Asker, command: Command, given: Json, says?: string): Question {
    const party = (id: string) => ({ id, title: this.host.session.plugins.value[id] ?? "" });
    return { asks: party(asker.plugin), of: party(command.plugin), command, given, says };
  }

  async #allows(question: Question, anchor: HTMLElement | null): Promise<boolean> {
    const { confirmCrossing } = await import("./trust.js");
    return confirmCrossing(question, anchor);
  }

  /** `allowed` says that the person was asked whether this view may have that done by another plug-in. */
  async #try(words: readonly string[], given: Json, project: string, key: string, asker: Asker, allowed: boolean, signal?: AbortSignal): Promise<Tried> {
    const { session } = this.host;
    const once = async (key: string): Promise<Tried> => {
      try {
        const confirmed = allowed ? await session.confirm(words, given, project, asker, signal) : undefined;
        return { outcome: await session.run(words, given, project, asker, key, signal, confirmed) };
      } catch (error) {
        return { problem: asProblem(error) };
      }
    };
    const tried = await once(key);
    // What was allowed is still allowed when the connection was lost on the way: nothing was run.
    return allowed && "problem" in tried && tried.problem.kind === "confirm" ? once(newKey()) : tried;
  }

  /** After a second it says that it is at work, after ten it is in the list of what goes on; both can stop it. */
  async #watched<T>(title: string, plugin: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    const since = Date.now();
    const tasks = new Set(this.host.session.tasks.value.map(({ id }) => id));
    let shown = 0;
    let ended: (() => void) | undefined;
    const timers = [
      setTimeout(() => {
        shown = notify({ tone: "busy", text: t("working", { what: title }), lasts: 0, buttons: [{ text: t("stop"), icon: "stop", press: stop }] });
      }, SLOW),
      setTimeout(() => {
        dismiss(shown);
        shown = 0;
        // A task that the plug-in announced tells more than this could.
        const announced = this.host.session.tasks.value.some((task) => task.state === "running" && task.plugin === plugin && !tasks.has(task.id));
        if (!announced) ended = goesOn(title, since, stop);
        this.#toBackground(title);
      }, LONG),
    ];
    try {
      return await work(abort.signal);
    } finally {
      for (const timer of timers) clearTimeout(timer);
      if (shown) dismiss(shown);
      ended?.();
    }
  }

  /** What a form began goes on without it. */
  async #behind(title: string, since: number, work: Promise<Tried>, abort: AbortController): Promise<Tried> {
    const ended = goesOn(title, since, () => abort.abort());
    this.#toBackground(title);
    return work.finally(ended);
  }

  #toBackground(title: string): void {
    notify({ text: t("background.goes", { what: title }), buttons: [{ text: t("show"), icon: "task", press: () => this.host.tasks() }] });
  }

  #worked(action: Action, command: Command | undefined, outcome: Outcome, anchor: HTMLElement | null, given: Json, project: string, asker: Asker): void {
    // What the outcome does not tell, the arguments do.
    const data = { ...given, ...((outcome?.data ?? {}) as Json) };
    const reads = command?.effect === "read";
    const view = outcome?.view ?? [];
    if (reads && !action.done && !action.then) {
      if (view.length) return this.host.show(outcome, command, anchor);
    }
    const text = action.done ? String(fill(action.done, data)) : reads ? "" : sentence(firstText(view)) || t("done", { what: command?.summary ?? "" });
    const undo = offered(action.undo, asker);
    if (undo || !reads) void this.did(text || (command?.summary ?? ""), project, undo && { ...undo, arguments: fill(undo.arguments, data) }, text !== "");
    if (action.then) this.host.open(fill(action.then, data));
  }

  /** Something that happened, by a command or without one, such as an upload, and what takes it back. */
  async did(text: string, project: string, undo: OfferedUndo | undefined, tell = true): Promise<void> {
    const by = this.host.session.person.value.id;
    const entry = (await journal()).remember({ text, by, project, ...(undo ? { undo } : {}) });
    if (!tell) return;
    // What is taken back needs no button any more.
    const told = notify({ tone: "good", text, buttons: undo ? [{ text: t("undo"), icon: "undo", press: () => { dismiss(told); void this.undo(entry); } }] : [] });
  }

  /** Takes back what the person did last, of what can be. */
  async undoLast(): Promise<void> {
    const { done, isOpen } = await journal();
    const last = done(this.host.session.person.value.id).find(isOpen);
    if (last) await this.undo(last);
    else notify({ text: t("undo.none") });
  }

  async undo(entry: Entry): Promise<void> {
    const { begin, end } = await journal();
    const { undo } = entry;
    if (!undo || !begin(entry.id)) return;
    // The shell draws the button, the plug-in chose the command: it is asked about like any other of that plug-in.
    const asker = ofPlugin(undo.asks);
    if (!(await this.#known(undo, () => void this.undo(entry)))) return end(entry.id, false);
    const command = this.host.session.command(undo.run);
    const crossing = crosses(asker, command) ? this.#question(asker, command!, undo.arguments) : undefined;
    if (crossing && !(await this.#allows(crossing, document.activeElement as HTMLElement | null))) return end(entry.id, false);
    const tried = await this.#watched(t("undoing"), "", (signal) => this.#try(undo.run, undo.arguments, entry.project, newKey(), asker, crossing !== undefined, signal));
    end(entry.id, "outcome" in tried);
    if ("outcome" in tried) notify({ tone: "good", text: t("undone") });
    else this.#failed(tried.problem, t("undo.failed"), () => void this.undo(entry));
  }

  /** A switch was thrown on the screen before the server or the person said yes; they said no. */
  #takeBack(context: ActionContext | undefined): false {
    const bind = context?.node.props["bind"];
    if (context?.node.kind === "switch" && typeof bind === "string" && typeof context.value === "boolean") context.set({ [bind]: !context.value });
    return false;
  }

  /** `always` offers to try again even where the same would be refused again, since it can be changed. */
  #failed(problem: Problem, title: string, again: () => void, always = false): void {
    if (problem.kind === "cancelled") {
      notify({ text: t("stopped"), ...(problem.help ? { help: problem.help } : {}) });
      return;
    }
    const retry = !always && (problem.kind === "invalid" || problem.kind === "denied") ? [] : [{ text: t("retry"), icon: "retry", press: again }];
    notifyProblem(problem, title, retry);
  }
}
