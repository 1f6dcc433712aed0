// Which module draws which kind. What nearly every screen needs comes with the first script; the rest is fetched when
// a view first names it: an element that is not there yet stays empty and is upgraded in place.
import { KINDS } from "./catalogue.js";

type Load = () => Promise<unknown>;
const LATER: Readonly<Record<string, Load>> = {};

const asked = new Set<Load>();

/** The name of the element for a kind; begins to load it when it is not there. */
export function tagOf(kind: string): string {
  if (!Object.hasOwn(KINDS, kind)) return "kd-unknown";
  const load = Object.hasOwn(LATER, kind) ? LATER[kind]! : undefined;
  if (load && !asked.has(load)) {
    asked.add(load);
    load().catch((error: unknown) => {
      // Offline, or a new version was installed meanwhile: the next view that needs it asks again.
      asked.delete(load);
      console.error(error);
    });
  }
  return `kd-${kind}`;
}

/** Fetches everything, such as before going offline. */
export async function loadAll(): Promise<void> {
  await Promise.all([...new Set(Object.values(LATER))].map((load) => load()));
}
