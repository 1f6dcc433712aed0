// What an input holds and does not show: characters that are not seen stay in its value, which is what is sent, and so they
// are written out below it. The one place for it: `html` hands over each control that it gives a value, `watchControls`
// sees those that a person types or pastes into, and whoever sets a value by hand does it with `hold`.
import { Directive, directive, type PropertyPart } from "lit/directive.js";
import { legible } from "./legible.js";
import { words } from "./words.js";

type Control = HTMLInputElement | HTMLTextAreaElement;

const isControl = (element: unknown): element is Control => element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;

function say(control: Control): void {
  const next = control.nextElementSibling;
  const there = next?.classList.contains("kd-unseen") ? next : undefined;
  const shown = legible(control.value);
  if (shown === control.value) {
    there?.remove();
    return;
  }
  const line = there ?? document.createElement("p");
  line.className = "kd-unseen";
  line.setAttribute("role", "status");
  line.textContent = words.unseen(legible(control.value));
  if (!there) control.after(line);
}

class Held extends Directive {
  override update(part: PropertyPart, [value]: [unknown]): unknown {
    // Once it has the value, and its place in the page.
    if (isControl(part.element)) queueMicrotask(say.bind(undefined, part.element));
    return value;
  }
  render(value: unknown): unknown {
    return value;
  }
}

/** The value of a control as a template gives it. */
export const held = directive(Held);

/** Gives a control another value. */
export function hold(control: Control, text: string): void {
  control.value = text;
  say(control);
}

export function watchControls(root: Document): void {
  root.addEventListener("input", ({ target }) => { if (isControl(target)) say(target); }, true);
}
