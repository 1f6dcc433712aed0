// Draws the shell's own pages of the settings. What is chosen works at once and is kept in this browser.
import { LitElement, nothing } from "lit";
import { html } from "../../../view/src/html.js";
import type { App } from "../app.js";
import { KEYS } from "../layout/keys.js";
import { Watch } from "../store.js";
import { LOCALES, PSEUDO, t } from "../words/words.js";
import type { WordKey } from "../words/en.js";
import { prefer, preferences, type Preferences } from "./preferences.js";

export class OwnSettings extends LitElement {
  static override properties = { app: { attribute: false }, page: {} };
  declare app: App;
  declare page: string;

  constructor() {
    super();
    this.page = "";
    new Watch(this, preferences);
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): unknown {
    switch (this.page) {
      case "keys": return this.#keys();
      case "about": return this.#about();
      default: return this.#appearance();
    }
  }

  #choice<K extends keyof Preferences>(name: K, label: WordKey, options: [Preferences[K], string][], help?: WordKey): unknown {
    const now = preferences.value[name];
    return html`<fieldset class="ks-choice"><legend>${t(label)}</legend>
      ${help ? html`<p class="kd-muted ks-help">${t(help)}</p>` : nothing}
      <div class="ks-choices">${options.map(([value, text]) => html`<label class="ks-pick"><input type="radio" name=${name} .checked=${now === value}
        @change=${() => prefer({ [name]: value } as Partial<Preferences>)}><span>${text}</span></label>`)}</div></fieldset>`;
  }

  #appearance(): unknown {
    const names = new Intl.DisplayNames([document.documentElement.lang || "en"], { type: "language" });
    const named = (tag: string): string => (tag === PSEUDO ? t("locale.pseudo") : names.of(tag) ?? tag);
    return html`<h1>${t("appearance")}</h1>
      ${this.#choice("theme", "theme", [["system", t("theme.system")], ["light", t("theme.light")], ["dark", t("theme.dark")], ["contrast", t("theme.contrast")]])}
      ${this.#choice("density", "density", [["roomy", t("density.roomy")], ["dense", t("density.dense")]], "density.help")}
      <div class="ks-field"><label for="ks-locale">${t("locale")}</label>
        <select id="ks-locale" aria-describedby="ks-locale-help" @change=${(event: Event) => prefer({ locale: (event.target as HTMLSelectElement).value })}>
          <option value="" ?selected=${preferences.value.locale === ""}>${t("locale.browser")}</option>
          ${LOCALES.map((tag) => html`<option value=${tag} ?selected=${preferences.value.locale === tag}>${named(tag)}</option>`)}
        </select><p class="kd-muted ks-help" id="ks-locale-help">${t("locale.help")}</p></div>
      ${this.#choice("direction", "direction", [["auto", t("direction.auto")], ["ltr", t("direction.ltr")], ["rtl", t("direction.rtl")]])}`;
  }

  #keys(): unknown {
    return html`<h1>${t("keys")}</h1>
      <label class="ks-check"><input type="checkbox" role="switch" .checked=${preferences.value.keys} @change=${(event: Event) => prefer({ keys: (event.target as HTMLInputElement).checked })}>
        <span>${t("keys.single")}</span></label><p class="kd-muted ks-help">${t("keys.single.help")}</p>
      ${keyTable()}`;
  }

  #about(): unknown {
    const { session } = this.app;
    const { id, roles } = session.person.value;
    return html`<h1>${t("about")}</h1><p>${t("about.text")}</p>
      <dl class="ks-facts"><dt>${t("about.version")}</dt><dd>${session.version.value || "…"}</dd>
        <dt>${t("about.server")}</dt><dd><code>${location.origin}</code></dd>
        <dt>${t("about.person")}</dt><dd>${id}${roles.length ? html` <span class="kd-muted">(${roles.join(", ")})</span>` : nothing}</dd>
        <dt>${t("about.plugins")}</dt><dd>${new Set(session.surfaces.value.map(({ plugin }) => plugin)).size}</dd></dl>`;
  }
}

export function keyTable(): unknown {
  return html`<table class="ks-keys"><caption class="kd-hidden">${t("keys")}</caption><tbody>
    ${KEYS.map(({ keys, what, single }) => html`<tr><th scope="row">${t(what)}</th>
      <td class=${single && !preferences.value.keys ? "kd-muted" : ""}>${keys.map((key) => html`<kbd>${key}</kbd> `)}</td></tr>`)}</tbody></table>`;
}

customElements.define("ks-own-settings", OwnSettings);
