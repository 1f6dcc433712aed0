// The palette: everything that can be done and gone to, by a word or two. Commands of every plug-in, areas, settings,
// places of before, what the server finds, and the one box for the rest.
import { nothing } from "lit";
import { html } from "../../../view/src/html.js";
import { icon, type Target } from "../../../view/src/index.js";
import type { App } from "../app.js";
import { openDialog, type OpenDialog } from "../layout/dialog.js";
import { follow } from "../places/place.js";
import { inSlot, slug } from "../places/screens.js";
import { visits } from "../box/past.js";
import { traceLine } from "../layout/notices.js";
import { fetchPalette, type Command, type PaletteFind } from "../transport/http.js";
import { asProblem, sentence, type Problem } from "../transport/problem.js";
import { t } from "../words/words.js";
import { OWN_PAGES } from "../settings/pages.js";
import { best, rank, wordsOf } from "./rank.js";

interface Entry {
  group: string;
  sign: string;
  title: string;
  note: string;
  text: string;
  choose(): void;
}

/** A command as it is searched. */
interface Ready {
  command: Command;
  text: string;
  name: string;
}

const MOST = 60;
// Less than between two keys of whoever types fast; what is found is to stand there within a tenth of a second.
const ASK_AFTER = 30;
let isOpen = false;
let prepared: { of: readonly Command[]; all: Ready[] } = { of: [], all: [] };

const textOf = (...parts: string[]): string => parts.join(" ").toLowerCase();

/** Ten thousand commands made ready for the first key, once for each list of them. */
export function prepare(commands: readonly Command[]): readonly Ready[] {
  if (prepared.of !== commands) {
    prepared = { of: commands, all: commands.map((command) => {
      const name = command.name.join(" ");
      return { command, text: textOf(command.summary, name, command.about ?? ""), name: name.toLowerCase() };
    }) };
  }
  return prepared.all;
}

export function openPalette(app: App, opener: HTMLElement | null): void {
  if (isOpen) return;
  isOpen = true;
  let query = "";
  let active = 0;
  let found: PaletteFind[] = [];
  let problem: Problem | undefined;
  let asking: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const { session, router } = app;
  const entry = (group: string, sign: string, title: string, note: string, choose: () => void, more = ""): Entry =>
    ({ group, sign, title, note, choose, text: textOf(title, note, more) });

  const surfaces = session.surfaces.value;
  const ofCommand = (command: Command): Entry =>
    entry(t("palette.commands"), command.effect === "destroy" ? "delete" : "play", command.summary, command.name.join(" "), () => app.runCommand(command, opener), command.about ?? "");
  const places: Entry[] = [
    ...visits().filter(({ url }) => url !== location.pathname + location.search).map(({ title, note, url }) => entry(t("palette.recent"), "history", title, note, () => app.goUrl(url))),
    entry(t("palette.go"), "home", t("home"), "", () => app.goUrl("/")),
    ...inSlot(surfaces, "area").map((area) => entry(t("palette.go"), area.icon || "project", area.title, "", () => app.goUrl(`/${slug(area, surfaces)}`))),
    ...inSlot(surfaces, "settings").map((page) => entry(t("settings"), page.icon || "settings", page.title, t("settings"), () => app.goUrl(`/settings/${slug(page, surfaces)}`))),
    ...OWN_PAGES.map((page) => entry(t("settings"), page.icon, t(page.title), t("settings"), () => app.goUrl(`/settings/${page.name}`))),
    entry(t("palette.do"), "upload", t("upload"), "", () => app.upload("", undefined, opener)),
    entry(t("palette.do"), "task", t("tasks.open"), "", () => app.openTasks()),
    entry(t("palette.do"), "keyboard", t("keys"), "", () => app.openKeys()),
  ];

  const entries = (): Entry[] => {
    const q = query.trim();
    const commands = best(prepare(session.commands.value), q, ({ text }) => text, ({ name }) => name, MOST);
    const fixed = [...places, ...commands.map(({ command }) => ofCommand(command))];
    const finds = found.map(({ title, note, open }) => entry(t("palette.found"), "asset", title, note ?? "", () => router.go(follow({ tab: "", ...(open as Target) }, router.place.value, app.area))));
    const seen = new Set(finds.map(({ title }) => title));
    const rest = best(fixed, q, ({ text }) => text, ({ note }) => note.toLowerCase(), MOST).filter(({ group, title }) => group !== t("palette.recent") || !seen.has(title));
    const all = q ? [...rest.slice(0, 6), ...finds, ...rest.slice(6)] : rest;
    if (q && inSlot(surfaces, "box").length) {
      all.push(entry(t("box.find"), "search", t("palette.find", { q }), "", () => router.go({ kind: "find", area: "", address: "", tab: "", params: { q } })));
    }
    // One group after the other, in the order of the best of each; what the server found fits at least in part.
    const words = wordsOf(q);
    const score = (name: string): number => {
      // To search for it is always possible, and what is there is what was meant.
      if (name === t("box.find")) return 0;
      const ranks = all.filter(({ group }) => group === name).map(({ text, note }) => Math.max(rank(text, words), note.toLowerCase() === words.join(" ") ? 100 : 0));
      return Math.max(...ranks, name === t("palette.found") ? 0.5 : 0);
    };
    const groups = [...new Set(all.map(({ group }) => group))];
    if (q) groups.sort((a, b) => score(b) - score(a));
    return groups.flatMap((group) => all.filter((one) => one.group === group));
  };

  const ask = (dialog: OpenDialog<void>): void => {
    clearTimeout(timer);
    asking?.abort();
    problem = undefined;
    if (wordsOf(query).length === 0) { found = []; return; }
    timer = setTimeout(async () => {
      asking = new AbortController();
      try {
        found = await fetchPalette(query.trim(), asking.signal);
      } catch (error) {
        // A later key asked anew.
        if (asking.signal.aborted) return;
        found = [];
        problem = asProblem(error);
      }
      dialog.draw();
    }, ASK_AFTER);
  };

  const choose = (dialog: OpenDialog<void>, one: Entry | undefined): void => {
    if (!one) return;
    dialog.close();
    one.choose();
  };

  const dialog = openDialog({
    title: t("palette"),
    shape: "high",
    bare: true,
    opener,
    content: (open) => {
      const all = entries();
      active = Math.max(0, Math.min(active, all.length - 1));
      let group = "";
      return html`
        <div class="ks-palette-field">${icon("search")}
          <input data-first role="combobox" aria-expanded="true" aria-controls="ks-palette-list" aria-autocomplete="list" aria-label=${t("palette")}
            aria-activedescendant=${all.length ? `ks-palette-${active}` : nothing} placeholder=${t("palette.placeholder")} autocomplete="off" autocapitalize="none" spellcheck="false"
            @input=${(event: InputEvent) => { query = (event.target as HTMLInputElement).value; active = 0; ask(open); open.draw(); }}
            @keydown=${(event: KeyboardEvent) => {
              const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
              if (step) {
                active = Math.abs(step) === 1 ? (active + step + all.length) % Math.max(1, all.length) : Math.max(0, Math.min(all.length - 1, active + step));
                open.draw();
                open.element.querySelector(`#ks-palette-${active}`)?.scrollIntoView({ block: "nearest" });
              } else if (event.key === "Enter" && !event.isComposing) choose(open, all[active]);
              else return;
              event.preventDefault();
            }}>
          <kbd class="kd-muted">Esc</kbd></div>
        <div class="ks-palette-list" id="ks-palette-list" role="listbox" aria-label=${t("palette")}>
          ${all.map((one, index) => {
            const head = one.group !== group ? html`<div class="ks-palette-group" role="presentation">${(group = one.group)}</div>` : nothing;
            return html`${head}<div class="ks-palette-item" id=${`ks-palette-${index}`} role="option" aria-selected=${index === active}
              @pointermove=${() => { if (active !== index) { active = index; open.draw(); } }} @click=${() => choose(open, one)}>
              ${icon(one.sign)}<span class="ks-ellipsis">${one.title}</span><span class="kd-muted ks-ellipsis ks-end">${one.note}</span></div>`;
          })}
        </div>
        ${problem ? html`<div class="ks-palette-problem" role="alert"><p><strong>${t("palette.failed")}</strong> ${sentence(problem.detail)}</p>
          ${problem.help ? html`<p class="kd-muted">${sentence(problem.help)}</p>` : nothing}
          <div class="kd-buttons"><button type="button" class="kd-button kd-button-small" @click=${() => ask(open)}>${icon("retry")}<span>${t("retry")}</span></button>${traceLine(problem.trace)}</div></div>` : nothing}
        ${all.length ? nothing : html`<p class="ks-palette-none kd-muted">${t("palette.none", { q: query })}</p>`}`;
    },
  });
  void dialog.closed.then(() => { isOpen = false; asking?.abort(); clearTimeout(timer); });
}
