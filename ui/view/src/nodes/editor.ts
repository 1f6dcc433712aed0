// `editor`: a text in some language, with its colours, by CodeMirror. It stands in a shadow root, so that its styles are
// adopted sheets, which a strict policy allows; label, help and error are told to it as attributes. Tab leaves it.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, LanguageDescription, LanguageSupport, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { html } from "lit";
import { define } from "../node.js";
import { KdField } from "../parts/field.js";

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
  ".cm-tooltip": { background: "var(--kd-raised)", color: "var(--kd-ink)", border: "1px solid var(--kd-line-soft)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--kd-chosen)", color: "var(--kd-ink)" },
});

class KdEditor extends KdField<"editor"> {
  #editor: EditorView | undefined;
  #language = new Compartment();
  #labels = new Compartment();
  #shown = "";
  #height: CSSStyleSheet | undefined;

  protected draw({ bind, label }: KdField<"editor">["props"]): unknown {
    this.read(bind);
    return html`<div class="kd-field"><span class="kd-label" @click=${() => this.#editor?.focus()}>${label}</span><div class="kd-editor" @focusout=${() => this.validate()}></div>${this.words()}</div>`;
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
    const { language = "text", rows = 6 } = this.props;
    this.#height?.replaceSync(`.cm-editor { max-block-size: 60vh } .cm-content, .cm-gutter { min-block-size: ${Math.min(Math.max(rows, 1), 40) * 1.55}em !important }`);
    if (language !== this.#shown) void this.#speak(language);
  }

  #attributes() {
    const { label, help } = this.props;
    const more = [help, this.problem].filter(Boolean).join(" ");
    return EditorView.contentAttributes.of({
      "aria-label": label, ...(more ? { "aria-description": more } : {}), ...(this.problem ? { "aria-invalid": "true" } : {}), ...(this.required ? { "aria-required": "true" } : {}),
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
          autocompletion(this.view.host.complete ? { override: [(context) => this.#complete(context)] } : {}),
          syntaxHighlighting(colours), look,
          keymap.of([{ key: "Mod-Enter", run: () => { this.closest("form")?.requestSubmit(); return true; } }, ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && update.state.doc.toString() !== this.asText()) this.take(update.state.doc.toString());
          }),
        ],
      }),
    });
  }

  async #complete(context: CompletionContext) {
    const abort = new AbortController();
    context.addEventListener("abort", () => abort.abort());
    if (!context.explicit && !context.matchBefore(/[\w.@/"-]+$/)) return null;
    try {
      return (await this.view.host.complete?.(this.props.language ?? "text", context.state.doc.toString(), context.pos, abort.signal)) ?? null;
    } catch {
      return null;
    }
  }

  async #speak(language: string): Promise<void> {
    this.#shown = language;
    const found = LanguageDescription.matchLanguageName(languages, language, false);
    const support = found ? await found.load().catch(() => []) : [];
    if (this.#shown === language) this.#editor?.dispatch({ effects: this.#language.reconfigure(support) });
  }
}
define("editor", KdEditor);
