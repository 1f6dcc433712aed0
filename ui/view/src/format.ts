// Values as people read them, in the words and marks of their language. Everything through Intl; nothing here draws.

const cache = new Map<string, unknown>();

function once<T>(key: string, make: () => T): T {
  let found = cache.get(key) as T | undefined;
  if (found === undefined) cache.set(key, (found = make()));
  return found;
}

const numberOf = (locale: string, options: Intl.NumberFormatOptions = {}) =>
  once(`n ${locale} ${JSON.stringify(options)}`, () => new Intl.NumberFormat(locale, options));

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];

/** `520 MB`: steps of 1000, at most three figures. */
export function bytes(value: number, locale: string): string {
  if (!Number.isFinite(value)) return "";
  let step = 0;
  let rest = Math.abs(value);
  // 999.5 would be written as 1,000 kB.
  while (rest >= 999.5 && step < UNITS.length - 1) {
    rest /= 1000;
    step++;
  }
  const options: Intl.NumberFormatOptions = { style: "unit", unit: UNITS[step]!, unitDisplay: step ? "short" : "long" };
  return numberOf(locale, step ? { ...options, maximumSignificantDigits: 3 } : options).format(Math.sign(value) * rest);
}

export const count = (value: number, locale: string): string => numberOf(locale).format(value);

export function number(value: number, locale: string): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) return numberOf(locale, { notation: "scientific", maximumSignificantDigits: 5 }).format(value);
  return numberOf(locale, { maximumSignificantDigits: size >= 1e6 ? 15 : 6 }).format(value);
}

const valid = (milliseconds: number) => Number.isFinite(milliseconds) && Math.abs(milliseconds) <= 8.64e15;

/** In full, for a title. */
export function fullTime(milliseconds: number, locale: string): string {
  if (!valid(milliseconds)) return "";
  return once(`f ${locale}`, () => new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" })).format(milliseconds);
}

const SPANS: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1000]];

/** `3 minutes ago`; beyond 30 days the date. */
export function time(milliseconds: number, locale: string, now = Date.now()): string {
  if (!valid(milliseconds)) return "";
  const away = milliseconds - now;
  if (Math.abs(away) > 30 * 86_400_000) {
    return once(`d ${locale}`, () => new Intl.DateTimeFormat(locale, { dateStyle: "medium" })).format(milliseconds);
  }
  const relative = once(`r ${locale}`, () => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));
  for (const [unit, span] of SPANS) {
    if (Math.abs(away) >= span) return relative.format(Math.trunc(away / span), unit);
  }
  return relative.format(0, "second");
}

/** `1 hr 5 min`, `2.3 sec`, `350 ms`: the two largest parts. */
export function duration(milliseconds: number, locale: string): string {
  if (!Number.isFinite(milliseconds)) return "";
  const size = Math.abs(milliseconds);
  const unit = (value: number, name: string, digits = 0) =>
    numberOf(locale, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
  if (size < 1000) return unit(milliseconds, "millisecond", size < 10 ? 1 : 0);
  if (size < 59_950) return unit(milliseconds / 1000, "second", 1);
  const parts: string[] = [];
  let rest = size;
  for (const [name, span] of SPANS) {
    const many = name === "second" ? Math.round(rest / span) : Math.floor(rest / span);
    if (many > 0) parts.push(unit(many, name));
    rest -= many * span;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** Shortened in its middle: the name of the file is what people look for. */
export function path(value: string, longest = 48): string {
  if (value.length <= longest) return value;
  const name = value.slice(value.lastIndexOf("/"));
  if (name.length >= longest - 2) return `…${value.slice(1 - longest)}`;
  return `${value.slice(0, longest - name.length - 1)}…${name}`;
}

export interface Said {
  text: string;
  /** More, for a title; empty when the text says all. */
  title: string;
}

const plain = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  try { return JSON.stringify(value) ?? ""; } catch { return ""; }
};

/** A value by its type in the catalogue; a value that is not of it is said as it is. */
export function say(type: string | undefined, value: unknown, locale: string): Said {
  if (typeof value === "number" && Number.isFinite(value)) {
    switch (type) {
      case "bytes": return { text: bytes(value, locale), title: value >= 1000 ? `${count(value, locale)} bytes` : "" };
      case "count": return { text: count(value, locale), title: "" };
      case "number": return { text: number(value, locale), title: "" };
      case "time": return { text: time(value, locale), title: fullTime(value, locale) };
      case "duration": return { text: duration(value, locale), title: "" };
    }
  }
  const text = plain(value);
  if (type === "path") {
    const short = path(text);
    return { text: short, title: short === text ? "" : text };
  }
  return { text, title: "" };
}

/** Which side of its column a value stands at. */
export const endAligned = (type: string | undefined): boolean => type === "bytes" || type === "count" || type === "number" || type === "duration";

/** A sentence of the server stands alone on the page: it starts with a capital and ends with a stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  // `a-z, 0-9` is no sentence: only a word gets its capital.
  const capital = /^\p{Ll}[\p{L}\s'’]/u.test(trimmed) ? trimmed[0]!.toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?…:]$/.test(capital) ? capital : `${capital}.`;
}
