// `code`: text in which each character has its place, with line numbers; `markdown`: drawn by the server, the one place
// where HTML is made of what people write.
import { nothing } from "lit";
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { actionButton } from "../parts/button.js";
import { legible } from "../legible.js";
import { failure } from "../parts/failure.js";
import { words } from "../words.js";

class KdCode extends KdNode<"code"> {
  protected draw({ text, language, "first-line": first }: KdNode<"code">["props"]): unknown {
    const lines = text.split("\n");
    if (lines.length > 1 && lines.at(-1) === "") lines.pop();
    const numbered = lines.length > 1 || first !== undefined;
    const numbers = numbered ? lines.map((_, index) => index + (first ?? 1)).join("\n") : "";
    return html`<div class="kd-code"><div class="kd-code-scroll" tabindex="0" role="group" aria-label=${language && language !== "text" ? language : words.text}>
      ${numbered ? html`<pre class="kd-code-numbers" aria-hidden="true">${numbers}</pre>` : nothing}<pre class="kd-code-text"><code>${lines.join("\n")}</code></pre></div>
      ${actionButton(this, { copy: text, done: words.copied }, { text: words.copy, icon: "copy", weight: "quiet", small: true, bare: true })}</div>`;
  }
}

class KdMarkdown extends KdNode<"markdown"> {
  #text: string | undefined;
  #base: string | undefined;
  #html: TrustedHTML | string | undefined;
  #failed: unknown;

  protected draw({ text, base }: KdNode<"markdown">["props"]): unknown {
    if (this.#text !== text || this.#base !== base) void this.#load(text, base);
    // Until it is there, and when it cannot be made, the text itself is shown.
    return html`${this.#failed ? failure(this, this.#failed, () => void this.#load(text, base), words.plainText) : nothing}<div class="kd-prose" ?hidden=${this.#html === undefined}></div>${this.#html === undefined ? html`<pre class="kd-prose-plain">${text}</pre>` : nothing}`;
  }

  async #load(text: string, base: string | undefined): Promise<void> {
    this.#text = text;
    this.#base = base;
    try {
      const made = await this.view.host.markdown(text, base);
      if (this.#text !== text || this.#base !== base) return;
      this.#html = made;
      this.#failed = undefined;
    } catch (error) {
      this.#html = undefined;
      this.#failed = error ?? new Error();
    }
    this.requestUpdate();
    await this.updateComplete;
    const target = this.querySelector(".kd-prose");
    if (!target || this.#failed || this.#html === undefined) return;
    try {
      // The only place where HTML is set. Under Trusted Types a text that the host did not vouch for is refused here.
      target.innerHTML = this.#html as string;
      const texts = document.createTreeWalker(target, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) texts.currentNode.nodeValue = legible(texts.currentNode.nodeValue ?? "");
    } catch {
      target.textContent = legible(text);
    }
  }
}
define("code", KdCode);
define("markdown", KdMarkdown);
