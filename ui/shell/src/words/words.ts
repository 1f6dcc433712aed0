// The words of the shell in the person's language, and numbers, times and sizes as that language writes them.
// `en-XA` is English made 40 % longer with accents: what it does not change was forgotten to be put into the catalogue.
import { en, type WordKey, type Word } from "./en.js";
import * as format from "../../../view/src/format.js";
import { english, setWords, type Words } from "../../../view/src/words.js";

export type Params = Record<string, string | number>;

const catalogues: Record<string, Partial<Record<WordKey, Word>>> = { en };
export const PSEUDO = "en-XA";
export const LOCALES: readonly string[] = ["en", "en-GB", "de", "fr", "ar", PSEUDO];

let locale = "en";
let plural = new Intl.PluralRules("en");

/** The language of words, and of numbers and times where there are no words in it yet. */
export function setLocale(wanted: string): void {
  locale = wanted;
  plural = new Intl.PluralRules(wanted === PSEUDO ? "en" : wanted);
  setWords(wanted === PSEUDO ? pseudoWords() : english);
}

/** What the elements of views say, in the test language. */
function pseudoWords(): Words {
  const spoken = Object.entries(english).map(([key, word]) => [key, typeof word === "string" ? pseudo(word) : (...given: never[]) => pseudo((word as (...given: never[]) => string)(...given))]);
  return Object.fromEntries(spoken) as Words;
}

/** For `Intl`, which does not know the pseudo-locale everywhere. */
export const intlLocale = (): string => (locale === PSEUDO ? "en" : locale);
export const wordLocale = (): string => (locale === PSEUDO ? PSEUDO : catalogues[locale.split("-")[0]!] ? locale : "en");

const ACCENTS: Record<string, string> = { a: "á", c: "ç", e: "é", g: "ğ", i: "í", l: "ł", n: "ñ", o: "ö", s: "š", u: "ü", y: "ý", z: "ž", A: "Å", C: "Ç", E: "É", I: "Î", N: "Ñ", O: "Ø", S: "Š", U: "Û" };

export function pseudo(text: string): string {
  const accented = text.replace(/\{\w+\}|[a-zA-Z]/g, (found) => (found.length > 1 ? found : ACCENTS[found] ?? found));
  const longer = "~".repeat(Math.ceil(text.replace(/\{\w+\}/g, "").length * 0.4));
  return `⟦${accented}${longer}⟧`;
}

export function t(key: WordKey, params: Params = {}): string {
  const word: Word = catalogues[locale.split("-")[0]!]?.[key] ?? en[key];
  let text: string;
  if (typeof word === "string") text = word;
  else {
    const n = Number(params["n"] ?? 0);
    text = plural.select(n) === "one" ? word.one : word.other;
  }
  if (locale === PSEUDO) text = pseudo(text);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : typeof value === "number" ? new Intl.NumberFormat(intlLocale()).format(value) : value;
  });
}

export const bytes = (value: number): string => format.bytes(value, intlLocale());
export const count = (value: number): string => format.count(value, intlLocale());
export const percent = (share: number): string => new Intl.NumberFormat(intlLocale(), { style: "percent", maximumFractionDigits: 0 }).format(share);

/** The time of day, and the day unless it is today. */
export function clock(milliseconds: number): string {
  const today = new Date(milliseconds).toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(intlLocale(), { ...(today ? {} : { month: "short", day: "numeric" }), hour: "2-digit", minute: "2-digit" }).format(milliseconds);
}

/** `3 min`, for what is left to wait. */
export function wait(seconds: number): string {
  const [unit, value] = seconds < 60 ? ["second", seconds] : seconds < 3600 ? ["minute", seconds / 60] : ["hour", seconds / 3600];
  return new Intl.NumberFormat(intlLocale(), { style: "unit", unit: unit as string, unitDisplay: "short", maximumFractionDigits: 0 }).format(Math.max(1, Math.round(value as number)));
}

/** `text, tags or SQL` */
export const either = (words: readonly string[]): string => new Intl.ListFormat(intlLocale(), { type: "disjunction" }).format(words);
