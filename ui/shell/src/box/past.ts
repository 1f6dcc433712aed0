// What was looked for and where one was: kept in this browser, newest first.
const TEXTS = "kamld.texts";
const PLACES = "kamld.places";
const KEPT = 8;
const KEPT_PLACES = 30;

function list<T>(key: string): T[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(value) ? (value as T[]) : [];
  } catch {
    return [];
  }
}

function keep(key: string, value: unknown[]): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch { /* a browser that keeps nothing still works */ }
}

export const past = (): string[] => list<string>(TEXTS).slice(0, KEPT);
export const rememberText = (text: string): void => keep(TEXTS, [text, ...list<string>(TEXTS).filter((one) => one !== text)].slice(0, KEPT));

export interface Visit {
  title: string;
  note: string;
  url: string;
}

export const visits = (): Visit[] => list<Visit>(PLACES);
export const rememberVisit = (visit: Visit): void => keep(PLACES, [visit, ...visits().filter(({ url }) => url !== visit.url)].slice(0, KEPT_PLACES));
