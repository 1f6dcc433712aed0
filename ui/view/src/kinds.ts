// Which module draws which kind. What nearly every screen needs comes with the first script; the rest is fetched when
// a view first names it: an element that is not there yet stays empty and is upgraded in place.
import { KINDS } from "./catalogue.js";

type Load = () => Promise<unknown>;

const input: Load = () => import("./nodes/input.js");
const select: Load = () => import("./nodes/select.js");
const checkbox: Load = () => import("./nodes/checkbox.js");
const hits: Load = () => import("./nodes/hits.js");
const history: Load = () => import("./nodes/history.js");
const image: Load = () => import("./nodes/image.js");
const media: Load = () => import("./nodes/media.js");
const bars: Load = () => import("./nodes/bars.js");

const code: Load = () => import("./nodes/code.js");

const LATER: Readonly<Record<string, Load>> = {
  table: () => import("./nodes/table.js"),
  code, markdown: code,
  tags: () => import("./nodes/tags.js"),
  input, area: input, number: input,
  select, radio: select, date: select, range: select,
  checkbox, switch: checkbox,
  combobox: () => import("./nodes/combobox.js"),
  form: () => import("./nodes/form.js"),
  command: () => import("./nodes/command.js"),
  drop: () => import("./nodes/drop.js"),
  editor: () => import("./nodes/editor.js"),
  hits, facets: hits,
  changes: history, commits: history,
  image, "compare-images": image,
  audio: media, video: media,
  json: () => import("./nodes/json.js"),
  hex: () => import("./nodes/hex.js"),
  diff: () => import("./nodes/diff.js"),
  bars, sparkline: bars,
  chart: () => import("./nodes/chart.js"),
  rows: () => import("./nodes/rows.js"),
};

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
