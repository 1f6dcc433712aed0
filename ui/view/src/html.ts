// `html` for all that the page draws: lit's own, but for the texts in it, which are made legible. So no place can forget it.
// A value that is used (a link, what an input holds, an action) stays as it is; only what is read is changed.
import { html as lit, type TemplateResult } from "lit";
import { legible } from "./legible.js";

// Attributes that are read by a person, or read aloud.
const READ = /^(?:title|alt|placeholder|label|aria-(?:label|description|roledescription|valuetext|placeholder))$/i;
const WHOLE_TAG = /<!--[\s\S]*?-->|<\/?[a-z](?:"[^"]*"|'[^']*'|[^'">])*>/gi;
const OPEN_TAG = /<\/?[a-z][\s\S]*$/i;
const OPEN_ATTRIBUTE = /([^\s"'<>=/]+)\s*=\s*(?:"[^"]*|'[^']*|[^\s"'>]*)$/;

const places = new WeakMap<TemplateStringsArray, boolean[]>();

/** For each value of a template whether a person reads it: between tags, or in an attribute that is shown. */
export function readPlaces(strings: TemplateStringsArray): boolean[] {
  let known = places.get(strings);
  if (known) return known;
  let open = "";
  known = strings.slice(0, -1).map((piece) => {
    open = OPEN_TAG.exec((open + piece).replace(WHOLE_TAG, ""))?.[0] ?? "";
    const read = open === "" || READ.test(OPEN_ATTRIBUTE.exec(open)?.[1] ?? "");
    // A value of an attribute is part of its tag.
    if (open) open += "\u0001";
    return read;
  });
  places.set(strings, known);
  return known;
}

function read(value: unknown): unknown {
  if (typeof value === "string") return legible(value);
  if (Array.isArray(value) && value.some((one) => typeof one === "string")) return value.map(read);
  return value;
}

export function html(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult {
  const places = readPlaces(strings);
  return lit(strings, ...values.map((value, index) => (places[index] ? read(value) : value))) as TemplateResult;
}
