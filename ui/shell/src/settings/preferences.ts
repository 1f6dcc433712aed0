// How a person wants the page: theme, density, language, direction, keys. Kept in this browser, applied to the root
// element at once, before anything is drawn.
import { Store } from "../store.js";
import { setLocale } from "../words/words.js";

export interface Preferences {
  theme: "system" | "light" | "dark" | "contrast";
  density: "roomy" | "dense";
  /** Empty: as the browser says. */
  locale: string;
  direction: "auto" | "ltr" | "rtl";
  /** Whether keys without Ctrl or Cmd do something. */
  keys: boolean;
  /** Whether the side bar is open where there is room. */
  side: boolean;
}

const KEY = "kamld.preferences";
const DEFAULTS: Preferences = { theme: "system", density: "roomy", locale: "", direction: "auto", keys: true, side: true };

function stored(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}

export const preferences = new Store<Preferences>(stored());

export const locale = (): string => preferences.value.locale || navigator.language || "en";

const RTL = /^(ar|fa|he|ur)(-|$)/;

function apply({ theme, density, direction }: Preferences): void {
  const root = document.documentElement;
  if (theme === "system") root.removeAttribute("data-theme");
  else root.dataset["theme"] = theme;
  root.dataset["density"] = density;
  setLocale(locale());
  // The words decide the direction: numbers of a language do not turn an English page around.
  root.dir = direction === "auto" ? (RTL.test(preferences.value.locale) ? "rtl" : "ltr") : direction;
  root.lang = locale() === "en-XA" ? "en" : locale();
}

export function prefer(change: Partial<Preferences>): void {
  preferences.set({ ...preferences.value, ...change });
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences.value));
  } catch { /* a browser that keeps nothing still shows it now */ }
}

export function startPreferences(): void {
  apply(preferences.value);
  preferences.watch(apply);
  // Another tab of the same person looks the same.
  addEventListener("storage", (event) => {
    if (event.key === KEY) preferences.set(stored());
  });
}
