// What is checked before anything is sent. The server checks again; this only spares people the way.
import type { Shape, Validation } from "../catalogue.js";
import { count } from "../format.js";
import { words } from "../words.js";

const SHAPES: Record<Shape, (text: string) => boolean> = {
  name: (text) => /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(text) && text.length <= 63,
  path: (text) => text.length <= 1024 && !/(^|\/)(\.{0,2})(\/|$)/.test(text) && !/[\u0000-\u001f]/.test(text),
  tag: (text) => /^[\p{L}\p{N}][\p{L}\p{N}\-_.:]*$/u.test(text) && text.length <= 64,
};

export const fits = (shape: Shape, text: string): boolean => SHAPES[shape](text);

/** Why a value cannot be taken; empty when it can. */
export function problemOf(check: Validation | undefined, value: unknown, locale: string): string {
  if (!check) return "";
  const empty = value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);
  if (empty) return check.required ? words.required : "";
  if (check.required && value === false) return words.required;
  if (typeof value === "number") {
    if (check.minimum !== undefined && value < check.minimum) return words.atLeast(count(check.minimum, locale));
    if (check.maximum !== undefined && value > check.maximum) return words.atMost(count(check.maximum, locale));
  }
  if (typeof value === "string") {
    const most = check["max-length"];
    if (most !== undefined && [...value].length > most) return words.tooLong(count(most, locale));
    if (check.pattern && !fits(check.pattern, value)) return { name: words.notName, path: words.notPath, tag: words.notTag }[check.pattern];
  }
  return "";
}
