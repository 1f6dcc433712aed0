// Checks what a plug-in sent against the shapes of the catalogue, so that no element has to doubt its properties: a
// value of a wrong type is dropped, a list loses only its wrong items, and a node that lacks what it needs says so.
import { KINDS, SHAPES, type Node } from "./catalogue.js";

export interface Checked {
  /** As it came, to see whether it comes again. */
  raw: unknown;
  node: Node;
  props: Record<string, unknown>;
  /** Why it cannot be drawn; empty when it can. */
  problem: string;
}

const BAD = Symbol("bad");
// What a person can read of one property; more is a way to stop the page. The message itself is limited to 256 KiB.
const LONGEST_LIST = 10_000;

function check(value: unknown, shape: string, depth: number): unknown {
  if (depth > 8) return BAD;
  if (shape.startsWith("#")) return checkShape(value, shape.slice(1), depth);
  if (shape.startsWith("[")) {
    if (!Array.isArray(value)) return BAD;
    const inner = shape.slice(1);
    return value.slice(0, LONGEST_LIST).map((one) => check(one, inner, depth + 1)).filter((one) => one !== BAD);
  }
  for (const letter of shape) {
    switch (letter) {
      case "*": return value;
      case "s": if (typeof value === "string") return value; break;
      case "b": if (typeof value === "boolean") return value; break;
      case "n": if (typeof value === "number" && Number.isFinite(value)) return value; break;
      case "i": if (Number.isInteger(value)) return value; break;
      case "0": if (value === null) return value; break;
      case "o": if (isObject(value)) return value; break;
    }
  }
  return BAD;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkShape(value: unknown, name: string, depth: number): unknown {
  const shape = SHAPES[name];
  if (!shape) return BAD;
  if (Array.isArray(shape)) return shape.includes(value as string) ? value : BAD;
  if (!isObject(value)) return BAD;
  const { props, problem } = checkProps(value, shape as Record<string, string>, depth + 1);
  return problem ? BAD : props;
}

function checkProps(raw: Record<string, unknown>, shape: Record<string, string>, depth: number) {
  const props: Record<string, unknown> = {};
  let problem = "";
  for (const [name, said] of Object.entries(shape)) {
    const required = said.endsWith("!");
    const value = Object.hasOwn(raw, name) ? raw[name] : undefined;
    if (value === undefined || (value === null && !said.includes("*"))) {
      if (required) problem ||= `${name} is missing`;
      continue;
    }
    const checked = check(value, required ? said.slice(0, -1) : said, depth);
    if (checked !== BAD) props[name] = checked;
    else if (required) problem ||= `${name} is not what it must be`;
  }
  // Cells such as `$open` and `$id` of rows travel in `rows`, which is an object of its own and not looked into.
  return { props, problem };
}

export function checkNode(raw: Node): Checked {
  const kind = typeof raw.kind === "string" ? raw.kind : "";
  const children = Array.isArray(raw.children) ? [...new Set(raw.children.filter((id) => typeof id === "string"))] : [];
  const given = isObject(raw.props) ? raw.props : {};
  const node: Node = { id: raw.id, kind, props: given, children };
  const shape = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (!shape) return { raw, node, props: {}, problem: "" };
  const { props, problem } = checkProps(given, shape, 0);
  return { raw, node, props, problem };
}
