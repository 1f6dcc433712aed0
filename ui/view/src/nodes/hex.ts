// `hex`: bytes as they are. Only what is seen is fetched and in the page, whatever the size; a field leads to an offset.
import { html } from "../html.js";
import { define, freshId, KdNode } from "../node.js";
import { failure } from "../parts/failure.js";
import { words } from "../words.js";

const WIDE = 16;
const BLOCK = 4096;
const BLOCKS_KEPT = 32;
// Browsers clamp how high an element can be; beyond that the place is a proportion.
const HIGHEST = 4_000_000;

class KdHex extends KdNode<"hex"> {
  #first = 0;
  #visible = 20;
  #line = 24;
  #blocks = new Map<number, Uint8Array | "asked">();
  #object = "";
  #abort = new AbortController();
  #failed: unknown;
  #id = freshId("offset");

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#abort.abort();
    this.#abort = new AbortController();
    for (const [index, block] of this.#blocks) if (block === "asked") this.#blocks.delete(index);
  }

  get #lines(): number {
    return Math.ceil(this.props.size / WIDE);
  }

  protected draw({ object, size }: KdNode<"hex">["props"]): unknown {
    if (this.#object !== object) {
      this.#object = object;
      this.#blocks.clear();
      this.#first = 0;
    }
    const rows = [];
    for (let line = this.#first; line < Math.min(this.#lines, this.#first + this.#visible); line++) rows.push(this.#row(line, size));
    return html`<div class="kd-hex-tools"><label class="kd-label" for=${this.#id}>${words.offset}</label><input class="kd-control kd-mono" id=${this.#id} placeholder="0x0" autocomplete="off" spellcheck="false" @change=${this.#go}></div>
      ${this.#failed ? failure(this, this.#failed, () => { this.#failed = undefined; this.requestUpdate(); }) : ""}
      <div class="kd-hex" tabindex="0" role="region" aria-label=${object} @scroll=${this.#scrolled}><div class="kd-hex-height"></div>
      <table class="kd-hex-table"><thead class="kd-hidden"><tr><th>${words.offset}</th><th>${words.bytesColumn}</th><th>${words.textColumn}</th></tr></thead><tbody>${rows}</tbody></table></div>`;
  }

  #row(line: number, size: number): unknown {
    const offset = line * WIDE;
    const block = this.#blocks.get(Math.floor(offset / BLOCK));
    const digits = size > 0xffffffff ? 12 : 8;
    let bytes = "…";
    let text = "";
    if (block instanceof Uint8Array) {
      const part = block.subarray(offset % BLOCK, (offset % BLOCK) + WIDE);
      bytes = [...part].map((byte, index) => byte.toString(16).padStart(2, "0") + (index === 7 ? " " : "")).join(" ");
      text = [...part].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    }
    return html`<tr><th scope="row">${offset.toString(16).padStart(digits, "0")}</th><td>${bytes}</td><td>${text}</td></tr>`;
  }

  protected override updated(): void {
    const box = this.querySelector<HTMLElement>(".kd-hex");
    if (!box) return;
    const row = box.querySelector<HTMLElement>("tbody tr");
    if (row?.offsetHeight) this.#line = row.offsetHeight;
    const full = this.#lines * this.#line;
    box.querySelector<HTMLElement>(".kd-hex-height")!.style.setProperty("block-size", `${Math.min(full, HIGHEST)}px`);
    const visible = Math.ceil((box.clientHeight || 400) / this.#line) + 1;
    if (visible !== this.#visible) {
      this.#visible = visible;
      this.requestUpdate();
    }
    this.#place(box);
    void this.#fetch();
  }

  #place(box: HTMLElement): void {
    const table = box.querySelector<HTMLElement>(".kd-hex-table")!;
    table.style.setProperty("transform", `translateY(${Math.min(box.scrollTop, Math.max(0, box.scrollHeight - table.offsetHeight))}px)`);
  }

  #scrolled = (event: Event): void => {
    const box = event.currentTarget as HTMLElement;
    const room = Math.max(1, box.scrollHeight - box.clientHeight);
    const last = Math.max(0, this.#lines - this.#visible + 1);
    const first = Math.round((box.scrollTop / room) * last);
    this.#place(box);
    if (first === this.#first) return;
    this.#first = first;
    this.requestUpdate();
  };

  #go = (event: Event): void => {
    const text = (event.target as HTMLInputElement).value.trim().toLowerCase();
    const offset = text.startsWith("0x") ? parseInt(text.slice(2), 16) : Number(text);
    const box = this.querySelector<HTMLElement>(".kd-hex");
    if (!box || !Number.isFinite(offset) || offset < 0) return;
    const last = Math.max(1, this.#lines - this.#visible + 1);
    const line = Math.min(Math.floor(offset / WIDE), last);
    box.scrollTop = (line / last) * (box.scrollHeight - box.clientHeight);
  };

  async #fetch(): Promise<void> {
    if (this.#failed) return;
    const { object, size } = this.props;
    const from = Math.floor((this.#first * WIDE) / BLOCK);
    const to = Math.floor(Math.max(0, Math.min(size, (this.#first + this.#visible) * WIDE) - 1) / BLOCK);
    for (let index = from; index <= to; index++) {
      if (this.#blocks.has(index) || index * BLOCK >= size) continue;
      this.#blocks.set(index, "asked");
      try {
        const bytes = await this.view.host.bytes(object, index * BLOCK, Math.min(BLOCK, size - index * BLOCK), this.#abort.signal);
        if (object !== this.#object) return;
        this.#blocks.set(index, new Uint8Array(bytes));
        for (const old of this.#blocks.keys()) {
          if (this.#blocks.size <= BLOCKS_KEPT) break;
          if (old < from || old > to) this.#blocks.delete(old);
        }
      } catch (error) {
        this.#blocks.delete(index);
        if ((error as Error)?.name !== "AbortError") this.#failed = error ?? new Error();
      }
      this.requestUpdate();
    }
  }
}
define("hex", KdHex);
