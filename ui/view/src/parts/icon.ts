// Icons: a line drawing of the set that comes with the page. They say nothing themselves; the text beside them does.
import { nothing, type TemplateResult } from "lit";
import { html } from "../html.js";
import { ICONS } from "../icons.js";

export function icon(name: string | undefined): TemplateResult | typeof nothing {
  const drawing = name !== undefined && Object.hasOwn(ICONS, name) ? ICONS[name] : undefined;
  if (!drawing) return nothing;
  return html`<svg class="kd-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${drawing}></path></svg>`;
}
