// `image`: a picture, with a closer look by pointer and by keyboard (`+`, `-`, `0`); `compare-images`: two of them beside
// each other or one over the other.
import { nothing } from "lit";
import { html } from "../html.js";
import { define, freshId, KdNode } from "../node.js";
import { failure } from "../parts/failure.js";
import { icon } from "../parts/icon.js";
import { words } from "../words.js";

const STEPS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8];

class KdImage extends KdNode<"image"> {
  /** Undefined is as large as fits. */
  #scale: number | undefined;
  #failed = "";
  #why: unknown;

  protected draw({ source, width, height, alt, zoom = false }: KdNode<"image">["props"]): unknown {
    if (this.#failed === source && this.#why) return failure(this, this.#why, () => this.#again());
    if (this.#failed === source) return html`<p class="kd-note">${words.imageFailed} <span class="kd-muted">${alt}</span></p>`;
    const picture = html`<img src=${this.view.host.objectUrl(source)} alt=${alt} width=${width ?? nothing} height=${height ?? nothing} loading="lazy" decoding="async"
      @error=${() => void this.#lost(source)} @load=${() => this.#apply()}>`;
    if (!zoom) return html`<div class="kd-image">${picture}</div>`;
    const tool = (name: string, picture_: string, act: () => void) =>
      html`<button type="button" class="kd-button kd-button-quiet kd-button-icon" title=${name} @click=${act}>${icon(picture_)}<span class="kd-hidden">${name}</span></button>`;
    return html`<div class="kd-spread kd-image-tools"><div class="kd-buttons">
        ${tool(words.zoomOut, "zoom-out", () => this.#step(-1))}${tool(words.zoomIn, "zoom-in", () => this.#step(1))}${tool(words.fit, "fit", () => this.#zoom(undefined))}
        <span class="kd-muted kd-number" role="status">${this.#scale === undefined ? words.fit : words.percent(String(Math.round(this.#scale * 100)))}</span></div>
        ${width && height ? html`<span class="kd-muted kd-number">${words.image(width, height)}</span>` : nothing}</div>
      <div class="kd-image kd-image-zoom" tabindex="0" role="group" aria-label=${alt} @keydown=${this.#key}>${picture}</div>`;
  }

  /** An image does not tell why it did not come: its first byte does. */
  async #lost(source: string): Promise<void> {
    this.#why = await this.view.host.bytes(source, 0, 1, new AbortController().signal).then(() => undefined, (error: unknown) => error);
    this.#failed = source;
    this.requestUpdate();
  }

  #again(): void {
    this.#failed = "";
    this.requestUpdate();
  }

  #key = (event: KeyboardEvent): void => {
    if (event.key === "+" || event.key === "=") this.#step(1);
    else if (event.key === "-") this.#step(-1);
    else if (event.key === "0") this.#zoom(undefined);
    else return;
    event.preventDefault();
  };

  #step(by: 1 | -1): void {
    const image = this.querySelector("img");
    if (!image?.naturalWidth) return;
    const now = this.#scale ?? image.clientWidth / image.naturalWidth;
    const next = by > 0 ? STEPS.find((step) => step > now + 0.001) : STEPS.findLast((step) => step < now - 0.001);
    if (next !== undefined) this.#zoom(next);
  }

  #zoom(scale: number | undefined): void {
    this.#scale = scale;
    this.#apply();
    this.requestUpdate();
  }

  #apply(): void {
    const image = this.querySelector("img");
    if (!image) return;
    image.classList.toggle("kd-image-scaled", this.#scale !== undefined);
    image.style.setProperty("width", this.#scale === undefined ? "" : `${Math.round(image.naturalWidth * this.#scale)}px`);
  }
}

class KdCompareImages extends KdNode<"compare-images"> {
  #over = false;
  #id = freshId("compare");

  protected draw({ before, after, alt }: KdNode<"compare-images">["props"]): unknown {
    const figure = (address: string, title: string) => html`<figure><figcaption class="kd-label">${title}</figcaption>
      ${address ? html`<img src=${this.view.host.objectUrl(address)} alt="${alt}, ${title}" loading="lazy">` : html`<p class="kd-muted">${words.none}</p>`}</figure>`;
    const both = before && after;
    return html`${both ? html`<div class="kd-buttons"><button type="button" class="kd-button kd-button-small" aria-pressed=${this.#over ? "true" : "false"} @click=${() => {
        this.#over = !this.#over;
        this.requestUpdate();
      }}>${words.overlay}</button>
      ${this.#over ? html`<label class="kd-hidden" for=${this.#id}>${words.before} – ${words.after}</label><span aria-hidden="true">${words.before}</span><input id=${this.#id} type="range" min="0" max="1" step="0.01" value="0.5" @input=${this.#fade}><span aria-hidden="true">${words.after}</span>` : nothing}</div>` : nothing}
      <div class="kd-compare${this.#over && both ? " kd-compare-over" : ""}">${figure(before, words.before)}${figure(after, words.after)}</div>`;
  }

  protected override updated(): void {
    const image = this.querySelector<HTMLElement>("figure:last-child img");
    if (!this.#over) image?.style.removeProperty("opacity");
    else if (image && !image.style.opacity) image.style.setProperty("opacity", "0.5");
  }

  #fade = (event: Event): void => {
    this.querySelector<HTMLElement>("figure:last-child img")?.style.setProperty("opacity", (event.target as HTMLInputElement).value);
  };
}
define("image", KdImage);
define("compare-images", KdCompareImages);
