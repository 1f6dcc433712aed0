// Values of the data model: JSON pointers, and what `{"$data"}`, `{"$row"}`, `{"$selection"}` and `{"$value"}` stand
// for. The one place where those are resolved, for the view and for the shell.
import type { Action, Target } from "./catalogue.js";

export type Json = Record<string, unknown>;

/** What references are resolved against. */
export interface Scope {
  data: Json;
  row?: Record<string, unknown>;
  selection?: Record<string, unknown>[];
  value?: unknown;
}

// Names that would reach the prototype of an object instead of a value in it.
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** The parts of a JSON pointer (RFC 6901); null when it is none. A leading `/` may be missing. */
export function parts(pointer: string): string[] | null {
  if (pointer === "" || pointer === "/") return [];
  const found = (pointer.startsWith("/") ? pointer.slice(1) : pointer)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  return found.some((part) => FORBIDDEN.has(part)) ? null : found;
}

export function get(data: unknown, pointer: string): unknown {
  const way = parts(pointer);
  if (!way) return undefined;
  let at: unknown = data;
  for (const part of way) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Json)[part];
  }
  return at;
}

/** A copy of `data` with another value at the pointer; what is not on the way is shared. `undefined` takes it away. */
export function put<T>(data: T, pointer: string, value: unknown): T {
  const way = parts(pointer);
  if (!way) return data;
  const step = (at: unknown, index: number): unknown => {
    if (index === way.length) return value;
    const part = way[index]!;
    if (Array.isArray(at)) {
      const copy = [...at];
      const place = part === "-" ? copy.length : Number(part);
      // A hole of a million places would be a way to break the page.
      if (!Number.isInteger(place) || place < 0 || place > copy.length) return at;
      copy[place] = step(copy[place], index + 1);
      return copy;
    }
    const copy: Json = typeof at === "object" && at !== null ? { ...(at as Json) } : {};
    const next = step(Object.hasOwn(copy, part) ? copy[part] : undefined, index + 1);
    if (next === undefined) delete copy[part];
    else copy[part] = next;
    return copy;
  };
  return step(data, 0) as T;
}

/** Whether one of two pointers is, or lies within, the other. */
export function touches(one: string, other: string): boolean {
  const a = parts(one);
  const b = parts(other);
  if (!a || !b) return false;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** Any JSON with its references resolved. What was put in is not looked through again. */
export function resolve(value: unknown, scope: Scope, depth = 0): unknown {
  if (typeof value !== "object" || value === null || depth > 32) return value;
  if (Array.isArray(value)) return value.map((one) => resolve(one, scope, depth + 1));
  const entries = Object.entries(value);
  if (entries.length === 1) {
    const [name, of] = entries[0]!;
    if (name === "$data" && typeof of === "string") return get(scope.data, of) ?? null;
    if (name === "$row" && typeof of === "string") return own(scope.row, of);
    if (name === "$selection" && typeof of === "string") return (scope.selection ?? []).map((row) => own(row, of));
    if (name === "$value" && of === true) return scope.value ?? null;
  }
  return Object.fromEntries(entries.map(([name, of]) => [name, resolve(of, scope, depth + 1)]));
}

function own(row: Record<string, unknown> | undefined, key: string): unknown {
  return row && Object.hasOwn(row, key) ? row[key] ?? null : null;
}

function resolveTarget(target: Target, scope: Scope): Target {
  return target.params ? { ...target, params: resolve(target.params, scope) as Json } : target;
}

/** An action whose values stand for themselves. */
export function resolveAction(action: Action, scope: Scope): Action {
  const done: Action = { ...action };
  if (action.arguments) done.arguments = resolve(action.arguments, scope) as Json;
  if (action.set) done.set = resolve(action.set, scope) as Json;
  if (action.undo) done.undo = { ...action.undo, arguments: resolve(action.undo.arguments, scope) as Json };
  if (action.open) done.open = resolveTarget(action.open, scope);
  if (action.then) done.then = resolveTarget(action.then, scope);
  return done;
}

/** Whether a row has every cell that an action names: a row that lacks one is not offered it. */
export function offered(action: Action, row: Record<string, unknown>): boolean {
  const look = (value: unknown, depth = 0): boolean => {
    if (typeof value !== "object" || value === null || depth > 32) return true;
    if (Array.isArray(value)) return value.every((one) => look(one, depth + 1));
    const entries = Object.entries(value);
    if (entries.length === 1 && entries[0]![0] === "$row" && typeof entries[0]![1] === "string") return own(row, entries[0]![1]) !== null;
    return entries.every(([, one]) => look(one, depth + 1));
  };
  return look(action);
}

/** Whether a value counts as there: anything but false, empty or null. */
export function truthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false && value !== "" && value !== 0;
}

export function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const a = Object.keys(one);
  const b = Object.keys(other);
  return a.length === b.length && a.every((key) => Object.hasOwn(other, key) && same((one as Json)[key], (other as Json)[key]));
}
