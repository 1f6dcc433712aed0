// `editor`: a text in some language, with its colours, by CodeMirror. It stands in a shadow root, so that its styles are
// adopted sheets, which a strict policy allows; label, help and error are told to it as attributes. Tab leaves it.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, LanguageDescription, LanguageSupport, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, type DecorationSet, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { nothing } from "lit";
import { html } from "../html.js";
import { define } from "../node.js";
import { legible } from "../legible.js";
import { same } from "../values.js";
import { KdField, words } from "../parts/field.js";

const languages = [
  LanguageDescription.of({ name: "sql", load: async () => (await import("@codemirror/lang-sql")).sql() }),
  LanguageDescription.of({ name: "json", load: async () => (await import("@codemirror/lang-json")).json() }),
  LanguageDescription.of({ name: "python", load: async () => (await import("@codemirror/lang-python")).python() }),
  LanguageDescription.of({ name: "markdown", load: async () => (await import("@codemirror/lang-markdown")).markdown() }),
  LanguageDescription.of({ name: "toml", load: async () => new LanguageSupport(StreamLanguage.define((await import("@codemirror/legacy-modes/mode/toml")).toml)) }),
  LanguageDescription.of({ name: "yaml", load: async () => new LanguageSupport(StreamLanguage.define((await import("@codemirror/legacy-modes/mode/yaml")).yaml)) }),
  LanguageDescription.of({ name: "shell", load: async () => new LanguageSupport(StreamLanguage.define((await import("@codemirror/legacy-modes/mode/shell")).shell)) }),
];

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null], color: "var(--kd-code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--kd-code-string)" },
  { tag: [tags.number, tags.propertyName, tags.typeName], color: "var(--kd-code-number)" },
  { tag: tags.comment, color: "var(--kd-code-comment)", fontStyle: "italic" },
  { tag: tags.heading, fontWeight: "bold" },
]);

const look = EditorView.theme({
  "&": { color: "var(--kd-ink)", backgroundColor: "var(--kd-surface)", border: "1px solid var(--kd-line-hard)", borderRadius: "var(--kd-radius)", fontSize: "var(--kd-text-s)" },
  "&.cm-focused": { outline: "2px solid var(--kd-focus)" },
  ".cm-scroller": { fontFamily: "var(--kd-mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--kd-ink)" },
  ".cm-cursor": { borderLeftColor: "var(--kd-ink)" },
  ".cm-gutters": { color: "var(--kd-muted)", backgroundColor: "var(--kd-sunken)", borderRight: "1px solid var(--kd-line-soft)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--kd-chosen)" },
  ".cm-matchingBracket": { background: "var(--kd-mark)", color: "inherit" },
  ".kd-problem": { textDecoration: "underline wavy var(--kd-bad) 1.5px", textUnderlineOffset: "3px" },
  ".kd-problem-line": { backgroundColor: "var(--kd-bad-soft)" },
  ".cm-tooltip": { background: "var(--kd-raised)", color: "var(--kd-ink)", border: "1px solid var(--kd-line-soft)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--kd-chosen)", color: "var(--kd-ink)" },
});

type Offer = Completion & { from: number; to: number };
const isPlace = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

/** What is wrong, until the text changes there. */
const setProblem = StateEffect.define<{ from: number; to: number; line: number } | null>();
const problems = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setProblem)) continue;
      if (!effect.value) return Decoration.none;
      const { from, to, line } = effect.value;
      const lineMark = Decoration.line({ class: "kd-problem-line" }).range(line);
      return to > from ? Decoration.set([lineMark, Decoration.mark({ class: "kd-problem" }).range(from, to)]) : Decoration.set([lineMark]);
    }
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

// Left to itself Chromium puts the rest of the last line behind the first with inline styles, which the policy of the page refuses.
const typedOverLines = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { main } = view.state.selection;
    if (event.inputType !== "insertText" || event.isComposing || view.state.doc.lineAt(main.from).to >= main.to) return false;
    view.dispatch(view.state.replaceSelection(event.data ?? ""), { userEvent: "input.type", scrollIntoView: true });
    event.preventDefault();
    return true;
  },
});

class KdEditor extends KdField<"editor"> {
  #editor: EditorView | undefined;
  #language = new Compartment();
  #labels = new Compartment();
  #shown = "";
  #marked: unknown;
  #height: CSSStyleSheet | undefined;

  protected draw({ bind, label, problem }: KdField<"editor">["props"]): unknown {
    this.read(bind);
    return html`<div class="kd-field"><span class="kd-label" @click=${() => this.#editor?.focus()}>${label}</span><div class="kd-editor" @focusout=${() => this.validate()}></div>${problem ? html`<p class="kd-error" role="alert">${words.line(problem.line)}: ${problem.message}</p>` : nothing}${this.words()}</div>`;
  }

  override focusField(): void {
    this.#editor?.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#editor?.destroy();
    this.#editor = undefined;
  }

  protected override updated(): void {
    const place = this.querySelector<HTMLElement>(".kd-editor");
    if (!place || !this.isConnected) return;
    if (!this.#editor) this.#make(place);
    const editor = this.#editor!;
    const text = this.asText();
    if (editor.state.doc.toString() !== text) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
    editor.dispatch({ effects: this.#labels.reconfigure(this.#attributes()) });
    const { language = "text", rows = 6, problem } = this.props;
    if (!same(problem, this.#marked)) {
      this.#marked = problem;
      this.#mark();
    }
    this.#height?.replaceSync(`.cm-editor { max-block-size: 60vh } .cm-content, .cm-gutter { min-block-size: ${Math.min(Math.max(rows, 1), 40) * 1.55}em !important }`);
    if (language !== this.#shown) void this.#speak(language);
  }

  #attributes() {
    const { label, help } = this.props;
    const { problem } = this.props;
    const more = [help, this.problem, problem ? `${words.line(problem.line)}: ${problem.message}` : ""].filter(Boolean).join(" ");
    return EditorView.contentAttributes.of({
      "aria-label": label, ...(more ? { "aria-description": more } : {}), ...(this.problem || problem ? { "aria-invalid": "true" } : {}), ...(this.required ? { "aria-required": "true" } : {}),
    });
  }

  #make(place: HTMLElement): void {
    const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
    this.#height = new CSSStyleSheet();
    root.adoptedStyleSheets.push(this.#height);
    this.#shown = "";
    this.#editor = new EditorView({
      root, parent: root,
      state: EditorState.create({
        doc: this.asText(),
        extensions: [
          this.#labels.of(this.#attributes()), this.#language.of([]),
          lineNumbers(), history(), drawSelection(), highlightSpecialChars(), bracketMatching(), closeBrackets(), indentOnInput(), EditorView.lineWrapping,
          autocompletion({ ...(this.props.complete === undefined ? {} : { override: [(context: CompletionContext) => this.#complete(context)] }), activateOnTypingDelay: 150 }),
          syntaxHighlighting(colours), look, problems, typedOverLines,
          keymap.of([{ key: "Mod-Enter", run: () => { this.closest("form")?.requestSubmit(); return true; } }, ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && update.state.doc.toString() !== this.asText()) this.take(update.state.doc.toString());
          }),
        ],
      }),
    });
  }

  /** What may follow, as the plug-in says it: its action puts the list at `/completions`. */
  async #complete(context: CompletionContext): Promise<CompletionResult | null> {
    const { complete } = this.props;
    if (complete === undefined || (!context.explicit && !context.matchBefore(/[\p{L}\p{N}_.@/"-]+$/u))) return null;
    const text = context.state.doc.toString();
    await this.act({ act: complete }, this, { typing: true }, { text, cursor: context.pos });
    if (context.aborted) return null;
    const said = this.view.model.get("/completions");
    const options = (Array.isArray(said) ? said : []).flatMap((one: unknown): Offer[] => {
      const { text: label, kind, detail, from, to } = (typeof one === "object" && one !== null ? one : {}) as Record<string, unknown>;
      if (typeof label !== "string" || !isPlace(from) || !isPlace(to) || from > to || to > text.length) return [];
      const shown = legible(label);
      return [{ label, ...(shown === label ? {} : { displayLabel: shown }), from, to, ...(typeof kind === "string" ? { type: kind } : {}), ...(typeof detail === "string" ? { detail: legible(detail) } : {}) }];
    }).slice(0, 200);
    if (!options.length) return null;
    // The list stands at one place; what takes the place of more or less is put in by itself.
    const from = Math.min(...options.map((option) => option.from), context.pos);
    return {
      from, filter: false,
      options: options.map(({ from: start, to, ...option }) => ({
        ...option,
        apply: (view: EditorView) => view.dispatch({ changes: { from: start, to: Math.max(start, Math.min(Math.max(to, context.pos), view.state.doc.length)), insert: option.label }, selection: { anchor: start + option.label.length } }),
      })),
    };
  }

  #mark(): void {
    const { problem } = this.props;
    const doc = this.#editor!.state.doc;
    const line = problem ? doc.line(Math.min(Math.max(problem.line, 1), doc.lines)) : undefined;
    const from = problem && line ? Math.min(line.from + Math.max(problem.column, 1) - 1, line.to) : -1;
    const word = from < 0 ? 0 : /^[\p{L}\p{N}_]+/u.exec(doc.sliceString(from, line!.to))?.[0].length ?? 1;
    this.#editor!.dispatch({ effects: setProblem.of(from < 0 ? null : { from, to: Math.max(from, Math.min(from + Math.max(word, 1), line!.to)), line: line!.from }) });
  }

  async #speak(language: string): Promise<void> {
    this.#shown = language;
    const found = LanguageDescription.matchLanguageName(languages, language, false);
    const support = found ? await found.load().catch(() => []) : [];
    if (this.#shown === language) this.#editor?.dispatch({ effects: this.#language.reconfigure(support) });
  }
}
define("editor", KdEditor);
