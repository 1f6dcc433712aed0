// `audio` and `video`: the browser's own players; nothing plays or is fetched by itself.
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import { words } from "../words.js";

class KdAudio extends KdNode<"audio"> {
  #failed = "";
  protected draw({ source, label }: KdNode<"audio">["props"]): unknown {
    return html`<figure><figcaption class="kd-label">${label}</figcaption>${this.#failed === source ? html`<p class="kd-note">${words.mediaFailed}</p>`
      : html`<audio controls preload="metadata" aria-label=${label} src=${this.view.host.objectUrl(source)} @error=${() => { this.#failed = source; this.requestUpdate(); }}></audio>`}</figure>`;
  }
}

class KdVideo extends KdNode<"video"> {
  #failed = "";
  protected draw({ source, label }: KdNode<"video">["props"]): unknown {
    return html`<figure><figcaption class="kd-label">${label}</figcaption>${this.#failed === source ? html`<p class="kd-note">${words.mediaFailed}</p>`
      : html`<video controls preload="metadata" playsinline aria-label=${label} src=${this.view.host.objectUrl(source)} @error=${() => { this.#failed = source; this.requestUpdate(); }}></video>`}</figure>`;
  }
}
define("audio", KdAudio);
define("video", KdVideo);
