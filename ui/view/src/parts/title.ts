// Titles with the level that their place gives them: one below the title of what they stand in.
import { type TemplateResult } from "lit";
import { html } from "../html.js";

export function headingLevel(element: Element): number {
  let level = 2;
  for (let at = element.parentElement?.closest("kd-section, kd-card"); at; at = at.parentElement?.closest("kd-section, kd-card")) level++;
  return Math.min(level, 6);
}

export function title(content: unknown, level: number, id = ""): TemplateResult {
  const style = `kd-title kd-title-${Math.min(level, 4)}`;
  switch (level) {
    case 1: return html`<h1 class=${style} id=${id}>${content}</h1>`;
    case 2: return html`<h2 class=${style} id=${id}>${content}</h2>`;
    case 3: return html`<h3 class=${style} id=${id}>${content}</h3>`;
    case 4: return html`<h4 class=${style} id=${id}>${content}</h4>`;
    default: return html`<h5 class=${style} id=${id}>${content}</h5>`;
  }
}
