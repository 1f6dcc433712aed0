// What happened, said in a corner: a sentence, perhaps with Undo, a problem with what was kept and what to do, work that
// goes on with Stop. Undo stays ten seconds and more, longer while somebody points at it; a problem stays until it is read.
import { LitElement, nothing, type TemplateResult } from "lit";
import { html } from "../../../view/src/html.js";
import { repeat } from "lit/directives/repeat.js";
import { icon } from "../../../view/src/index.js";
import { Store, Watch } from "../store.js";
import { sentence, type Problem } from "../transport/problem.js";
import { t } from "../words/words.js";

export interface NoticeButton {
  text: string;
  icon?: string;
  press(): void;
}

export interface Notice {
  id: number;
  tone: "normal" | "good" | "bad" | "busy";
  text: string;
  /** Of a problem: what was kept and what to do. */
  help?: string;
  trace?: string;
  buttons: NoticeButton[];
  /** Milliseconds; 0 until it is closed. */
  lasts: number;
}

const SHORT = 6000;
const UNDO = 12_000;
const MOST = 4;

export const notices = new Store<Notice[]>([]);
/** For those who cannot see the page: one sentence after the other. */
export const spoken = new Store("");
let counter = 0;

export function say(text: string): void {
  // The same sentence again must be read again.
  spoken.set(spoken.value === text ? `${text}\u00a0` : text);
}

export function notify(notice: Partial<Notice> & { text: string }): number {
  const id = ++counter;
  const whole: Notice = { id, tone: "normal", buttons: [], lasts: SHORT, ...notice };
  if (whole.lasts === SHORT && whole.buttons.length) whole.lasts = UNDO;
  notices.update((all) => [...all, whole].slice(-MOST));
  say([whole.text, whole.help].filter(Boolean).join(" "));
  return id;
}

export function dismiss(id: number): void {
  notices.update((all) => all.filter((notice) => notice.id !== id));
}

export function notifyProblem(problem: Problem, title: string, buttons: NoticeButton[] = []): number {
  return notify({
    tone: "bad",
    text: [title, sentence(problem.detail)].filter(Boolean).join(" "),
    ...(problem.help ? { help: sentence(problem.help) } : {}),
    ...(problem.trace ? { trace: problem.trace } : {}),
    buttons,
    lasts: 0,
  });
}

export async function copyText(text: string, done = t("copied")): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify({ text: done, tone: "good", lasts: 3000 });
  } catch {
    notify({ text: t("copy.failed"), help: text, lasts: 0 });
  }
}

/** The id under which the server's log has it, to copy. */
export function traceLine(trace: string | undefined): TemplateResult | typeof nothing {
  if (!trace) return nothing;
  return html`<p class="ks-trace"><span class="kd-muted">${t("trace")}</span> <code>${trace}</code>
    <button type="button" class="kd-button kd-button-quiet kd-button-small" @click=${() => void copyText(trace)}>${t("copy")}</button></p>`;
}

class Notices extends LitElement {
  #timers = new Map<number, { left: number; since: number; timer: ReturnType<typeof setTimeout> }>();
  #held = false;

  constructor() {
    super();
    new Watch(this, notices, spoken);
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override updated(): void {
    const ids = new Set(notices.value.map(({ id }) => id));
    for (const [id, { timer }] of this.#timers) if (!ids.has(id)) { clearTimeout(timer); this.#timers.delete(id); }
    for (const { id, lasts } of notices.value) if (lasts > 0 && !this.#timers.has(id)) this.#start(id, lasts);
  }

  #start(id: number, left: number): void {
    this.#timers.set(id, { left, since: performance.now(), timer: setTimeout(() => { if (!this.#held) dismiss(id); }, left) });
  }

  #hold = (): void => {
    if (this.#held) return;
    this.#held = true;
    for (const entry of this.#timers.values()) {
      clearTimeout(entry.timer);
      entry.left = Math.max(2000, entry.left - (performance.now() - entry.since));
    }
  };

  #release = (): void => {
    if (!this.#held) return;
    this.#held = false;
    for (const [id, { left }] of this.#timers) this.#start(id, left);
  };

  protected override render(): unknown {
    return html`
      <p class="kd-hidden" role="status" aria-live="polite">${spoken.value}</p>
      ${notices.value.length ? html`<section class="ks-notices" aria-label=${t("notices")}
        @pointerenter=${this.#hold} @pointerleave=${this.#release} @focusin=${this.#hold} @focusout=${this.#release}>
        ${repeat(notices.value, ({ id }) => id, (notice) => this.#draw(notice))}
      </section>` : nothing}`;
  }

  #draw({ id, tone, text, help, trace, buttons }: Notice): unknown {
    const sign = tone === "bad" ? icon("error") : tone === "good" ? icon("check") : tone === "busy" ? html`<span class="ks-spin"></span>` : nothing;
    return html`<div class="ks-notice ks-notice-${tone}">
      <span class="ks-notice-sign">${sign}</span>
      <div class="ks-notice-text"><p>${text}</p>${help ? html`<p class="kd-muted">${help}</p>` : nothing}
        ${traceLine(trace)}
        ${buttons.length && (help || trace) ? html`<div class="kd-buttons">${buttons.map((button) => this.#button(id, button))}</div>` : nothing}
      </div>
      ${buttons.length && !help && !trace ? html`<div class="kd-buttons">${buttons.map((button) => this.#button(id, button))}</div>` : nothing}
      <button type="button" class="kd-button kd-button-quiet kd-button-small kd-button-icon" aria-label=${t("dismiss")} title=${t("dismiss")} @click=${() => dismiss(id)}>${icon("close")}</button>
    </div>`;
  }

  #button(id: number, { text, icon: sign, press }: NoticeButton): unknown {
    return html`<button type="button" class="kd-button kd-button-small" @click=${() => { dismiss(id); press(); }}>${icon(sign)}<span>${text}</span></button>`;
  }
}

customElements.define("ks-notices", Notices);
