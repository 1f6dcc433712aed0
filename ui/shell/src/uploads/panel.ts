// What goes on and what was done, in a drawer: uploads with pause, stop and retry, tasks of the server, uploads that a
// reload interrupted, and the list of what was done with Undo.
import { LitElement, nothing } from "lit";
import { html } from "../../../view/src/html.js";
import { repeat } from "lit/directives/repeat.js";
import { icon } from "../../../view/src/index.js";
import { done as doneBy, isOpen, journal, undoing } from "../actions/journal.js";
import { works, type Work } from "../actions/works.js";
import type { App } from "../app.js";
import { traceLine } from "../layout/notices.js";
import type { Task } from "../session.js";
import { Watch } from "../store.js";
import { sentence } from "../transport/problem.js";
import { bytes, clock, count, percent, t, wait } from "../words/words.js";
import { choose } from "./files.js";
import type { Unfinished } from "./memory.js";
import { filesOf, groups as groupsOf, left as leftOf, sums, type Group } from "./state.js";

export class TasksPanel extends LitElement {
  static override properties = { app: { attribute: false } };
  declare app: App;
  #watching = false;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.#watching) return;
    this.#watching = true;
    new Watch(this, groupsOf, leftOf, this.app.session.tasks, works, journal, undoing);
  }

  protected override render(): unknown {
    const { uploads, session } = this.app;
    const groups = groupsOf.value;
    const tasks = session.tasks.value;
    const left = leftOf.value;
    const { actions } = this.app;
    const done = doneBy(session.person.value.id);
    const nothingYet = !groups.length && !tasks.length && !works.value.length && !left.length && !done.length;
    return html`<div class="ks-dialog-body ks-tasks">
      ${nothingYet ? html`<div class="ks-quiet"><p><strong>${t("tasks.none")}</strong></p><p class="kd-muted">${t("tasks.none.help")}</p>
        <p><button type="button" class="kd-button kd-button-primary" @click=${(event: Event) => {
          (event.currentTarget as HTMLElement).closest("dialog")?.dispatchEvent(new Event("cancel", { cancelable: true }));
          void this.app.upload("");
        }}>${icon("upload")}<span>${t("upload")}</span></button></p></div>` : nothing}
      ${left.length ? html`<section><h3>${t("uploads.left")}</h3><p class="kd-muted">${t("uploads.left.help")}</p>
        <ul class="ks-list">${left.map((one) => this.#left(one))}</ul></section>` : nothing}
      ${groups.length ? html`<section><div class="kd-spread"><h3>${t("uploads")}</h3>
        ${groups.some((group) => ["done", "stopped"].includes(sums(group).state)) ? html`<button type="button" class="kd-button kd-button-quiet kd-button-small" @click=${async () => (await uploads()).clear()}>${t("uploads.clear")}</button>` : nothing}</div>
        <ul class="ks-list">${repeat(groups, ({ id }) => id, (group) => this.#group(group))}</ul></section>` : nothing}
      ${tasks.length || works.value.length ? html`<section><h3>${t("tasks")}</h3><ul class="ks-list">${repeat(works.value, ({ id }) => id, (work) => this.#work(work))}${repeat(tasks, ({ id }) => id, (task) => this.#task(task))}</ul></section>` : nothing}
      ${done.length ? html`<section><h3>${t("journal")}</h3><p class="kd-muted">${t("journal.help")}</p><ul class="ks-list">${repeat(done, ({ id }) => id, (entry) => html`<li class="ks-item">
        <div class="ks-item-main"><span>${entry.text}</span><span class="kd-muted">${clock(entry.when)}</span></div>
        ${entry.state === "undone" ? html`<span class="kd-muted">${t("undone.short")}</span>`
          : isOpen(entry) ? html`<button type="button" class="kd-button kd-button-small" aria-busy=${undoing.value.has(entry.id)} @click=${() => void actions.undo(entry)}>${icon("undo")}<span>${t("undo")}</span></button>` : nothing}
      </li>`)}</ul></section>` : nothing}
    </div>`;
  }

  #left(one: Unfinished): unknown {
    const { uploads } = this.app;
    return html`<li class="ks-item"><div class="ks-item-main"><span class="ks-ellipsis" title=${one.path}>${one.name}</span>
        <span class="kd-muted">${bytes(one.size)} → ${one.asset}</span></div>
      <div class="kd-buttons">
        <button type="button" class="kd-button kd-button-small" @click=${async () => {
          const queue = await uploads();
          if (!(await queue.goOn(one))) queue.match(await choose(false));
        }}>${icon("play")}<span>${one.handle ? t("uploads.goon") : t("uploads.pick")}</span></button>
        <button type="button" class="kd-button kd-button-quiet kd-button-small kd-button-icon" aria-label=${t("uploads.giveup", { name: one.name })} title=${t("uploads.giveup", { name: one.name })} @click=${() => void uploads().then((queue) => queue.giveUp(one))}>${icon("close")}</button>
      </div></li>`;
  }

  #group(group: Group): unknown {
    const { uploads } = this.app;
    const { sent, bytes: all, state, doneFiles } = sums(group);
    const rate = group.rate.perSecond;
    const title = group.files === 1 ? (group.jobs[0]!.piece.kind === "single" ? group.jobs[0]!.piece.file.path : group.to.asset) : t("uploads.files", { n: group.files });
    const problem = group.jobs.find(({ problem }) => problem)?.problem;
    const name = `${title} → ${group.to.asset}`;
    const says = state === "sending" ? [`${bytes(sent)} / ${bytes(all)}`, rate ? `${bytes(rate)}/s` : "", rate ? t("uploads.timeleft", { time: wait((all - sent) / rate) }) : ""].filter(Boolean).join(" · ")
      : state === "done" ? t("uploads.done", { size: bytes(all) })
        : state === "paused" ? t("uploads.paused", { percent: percent(all ? sent / all : 0) })
          : state === "failed" ? t("uploads.failed", { n: group.files - doneFiles, kept: count(doneFiles) })
            : state === "stopped" ? t("uploads.stopped", { kept: count(doneFiles) }) : group.jobs.some(({ tries }) => tries > 0) ? t("uploads.away") : t("uploads.waiting");
    const button = (text: string, sign: string, press: () => void): unknown =>
      html`<button type="button" class="kd-button kd-button-quiet kd-button-small kd-button-icon" aria-label=${`${text}: ${title}`} title=${text} @click=${press}>${icon(sign)}</button>`;
    return html`<li class="ks-item ks-item-tall">
      <div class="ks-item-main"><span class="ks-ellipsis" title=${name}>${title}</span><span class="kd-muted ks-ellipsis">${group.to.asset}${group.to.folder ? `/${group.to.folder}` : ""}</span>
        ${state === "done" || state === "stopped" ? nothing : html`<progress max="100" value=${all ? (sent / all) * 100 : 0} aria-label=${name}></progress>`}
        <span class="kd-muted kd-number">${state === "done" ? icon("check") : nothing} ${says}</span>
        ${problem ? html`<span class="kd-tone-bad">${sentence(problem.detail)} ${problem.help ? sentence(problem.help) : ""}</span>${traceLine(problem.trace)}` : nothing}
        ${group.jobs.length > 1 && group.jobs.some(({ state: one }) => one === "sending") ? html`<ul class="ks-files">${group.jobs.filter(({ state: one }) => one === "sending").map(({ piece, sent: part }) =>
          html`<li class="kd-muted"><span class="ks-ellipsis">${piece.kind === "single" ? piece.file.path : t("uploads.small", { n: filesOf(piece) })}</span><span class="kd-number">${percent(piece.bytes ? Math.min(1, part / piece.bytes) : 0)}</span></li>`)}</ul>` : nothing}
      </div>
      <div class="kd-buttons">
        ${state === "sending" || state === "waiting" ? button(t("pause"), "pause", () => void uploads().then((queue) => queue.pause(group))) : nothing}
        ${state === "paused" ? button(t("resume"), "play", () => void uploads().then((queue) => queue.resume(group))) : nothing}
        ${state === "failed" ? button(t("retry"), "retry", () => void uploads().then((queue) => queue.resume(group))) : nothing}
        ${["sending", "waiting", "paused", "failed"].includes(state) ? button(t("stop"), "close", () => void uploads().then((queue) => queue.stop(group))) : nothing}
      </div></li>`;
  }

  #work({ title, since, stop }: Work): unknown {
    return html`<li class="ks-item ks-item-tall"><div class="ks-item-main"><span>${title}</span><progress aria-label=${title}></progress>
        <span class="kd-muted">${t("tasks.since", { time: wait((Date.now() - since) / 1000) })}</span></div>
      <button type="button" class="kd-button kd-button-quiet kd-button-small kd-button-icon" aria-label=${`${t("stop")}: ${title}`} title=${t("stop")} @click=${stop}>${icon("close")}</button></li>`;
  }

  #task(task: Task): unknown {
    const running = task.state === "running";
    return html`<li class="ks-item ks-item-tall"><div class="ks-item-main"><span>${task.title}</span>
        ${running ? html`<progress max=${task.total ?? nothing} value=${task.total ? task.done : nothing} aria-label=${task.title}></progress>` : nothing}
        <span class=${task.state === "failed" ? "kd-tone-bad" : "kd-muted"}>${task.state === "failed" ? icon("error") : task.state === "finished" ? icon("check") : nothing}
          ${running && task.total ? `${task.unit === "bytes" ? bytes(task.done) : count(task.done)} / ${task.unit === "bytes" ? bytes(task.total) : `${count(task.total)} ${task.unit}`}` : ""} ${task.note}</span></div>
      ${running ? html`<button type="button" class="kd-button kd-button-quiet kd-button-small kd-button-icon" aria-label=${`${t("stop")}: ${task.title}`} title=${t("stop")}
        @click=${() => this.app.session.link.tell("stop", { task: task.id })}>${icon("close")}</button>` : nothing}</li>`;
  }
}

customElements.define("ks-tasks", TasksPanel);
