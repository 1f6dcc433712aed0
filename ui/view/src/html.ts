// `html` for all that the page draws: lit's own, but for the texts in it, which are made legible. So no place can forget it.
// A value that is used (a link, what an input holds, an action) stays as it is; only what is read is changed. What an input
// holds that is not seen is said beside it (`unseen`).
import { html as lit, type TemplateResult } from "lit";
import { legible } from "./legible.js";
import { held } from "./unseen.js";

// Attributes that are read by a person, or read aloud.
const READ = /^(?:title|alt|placeholder|label|aria-(?:label|description|roledescription|valuetext|placeholder))$/i;
const WHOLE_TAG = /<!--[\s\S]*?-->|<\/?[a-z](?:"[^"]*"|'[^']*'|[^'">])*>/gi;
const OPEN_TAG = /<\/?[a-z][\s\S]*$/i;
const OPEN_ATTRIBUTE = /([^\s"'<>=/]+)\s*=\s*(?:"[^"]*|'[^']*|[^\s"'>]*)$/;

const CONTROL = /^<(?:input|textarea)\s/i;

export type Place = "read" | "held" | "used";
const places = new WeakMap<TemplateStringsArray, Place[]>();

/** What becomes of each value of a template: a person reads it (between tags, or in an attribute that is shown), an input holds it, or it is used. */
export function readPlaces(strings: TemplateStringsArray): Place[] {
  let known = places.get(strings);
  if (known) return known;
  let open = "";
  known = strings.slice(0, -1).map((piece) => {
    open = OPEN_TAG.exec((open + piece).replace(WHOLE_TAG, ""))?.[0] ?? "";
    const attribute = OPEN_ATTRIBUTE.exec(open)?.[1] ?? "";
    const place = open === "" || READ.test(attribute) ? "read" : attribute === ".value" && CONTROL.test(open) ? "held" : "used";
    // A value of an attribute is part of its tag.
    if (open) open += "\u0001";
    return place;
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
  return lit(strings, ...values.map((value, index) => (places[index] === "read" ? read(value) : places[index] === "held" ? held(value) : value))) as TemplateResult;
}
