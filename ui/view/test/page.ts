// The page of the element tests: a host that answers from memory, and what a test needs to reach from outside.
import { loadAll, type RowsPage, type ViewHost, type Window } from "../src/index.js";
import "../src/index.js";

const policy = (globalThis as unknown as { trustedTypes?: { createPolicy(name: string, rules: object): { createHTML(text: string): TrustedHTML } } }).trustedTypes?.createPolicy("kamld", { createHTML: (text: string) => text });

const acts: unknown[] = [];
const asked: unknown[] = [];
const ROWS = 1_000_000;
const COLUMNS = [
  { name: "id", type: "Int64" }, { name: "name", type: "Utf8" }, { name: "value", type: "Float64" }, { name: "when", type: "Timestamp(ms)" }, { name: "ok", type: "Boolean" },
];
const rowOf = (index: number) => ({ id: index, name: `row ${index}`, value: (index * 37) % 1000 / 10, when: `2026-01-01T00:00:${String(index % 60).padStart(2, "0")}`, ok: index % 3 === 0, $open: { address: `p/a/${index}` } });

async function rows(source: { rows?: string; object?: string; result?: string }, window: Window, signal: AbortSignal): Promise<RowsPage> {
  asked.push({ ...window });
  const name = source.rows ?? source.object ?? source.result ?? "";
  // An answer takes a few milliseconds, as that of a server nearby does.
  kd.pending++;
  await new Promise((resolve) => setTimeout(resolve, 5));
  kd.pending--;
  if (signal.aborted) throw new DOMException("given up", "AbortError");
  if (name === "broken" && !(globalThis as { mended?: boolean }).mended) {
    throw Object.assign(new Error("at read (store.rs:7)"), { problem: { detail: "the store did not answer", help: "nothing was changed; try again", trace: "4bf92f3577b34da6a3ce929d0e0e4736" } });
  }
  if (name === "slow") await new Promise((_, given) => signal.addEventListener("abort", () => given(new DOMException("given up", "AbortError"))));
  if (name === "measured" && window.statistics) await new Promise<void>((resolve) => { others.measured = resolve; });
  if (name === "none") return { columns: COLUMNS, rows: [], total: 0, complete: true };
  const total = name === "million" ? ROWS : 500;
  const descending = window.sort[0]?.[1] === true;
  const list = Array.from({ length: Math.max(0, Math.min(window.count, total - window.start)) }, (_, at) => rowOf(descending ? total - 1 - window.start - at : window.start + at));
  const statistics = COLUMNS.map(({ name: column }) => ({ distinct: column === "ok" ? 2 : total, nulls: column === "value" ? 12 : 0, min: column === "value" ? 0 : null, max: column === "value" ? 99.9 : null, bars: column === "value" ? [3, 5, 8, 13, 9, 4, 2, 1] : [] }));
  return { columns: COLUMNS, rows: list, total, complete: true, ms: 12, bytes: 5_200_000, ...(window.statistics ? { statistics } : {}) };
}

// What other plug-ins add, as a test sets it: cells by column and address, and how they fail or wait.
const others = {
  columns: [] as { key: string; label: string; type?: string; fits?: string[] }[], commands: [] as { label: string; run: string[]; many?: boolean; fits?: string[] }[],
  cells: {} as Record<string, Record<string, unknown>>, failing: [] as string[], asked: [] as { key: string; addresses: string[] }[], wait: false, release: () => {}, measured: () => {}, changed: (_?: readonly string[]) => {},
};
const stopped: unknown[] = [];
/** Answers what was done when a test says so; at once where it does not wait. */
const answers: ((done: boolean) => void)[] = [];

const host: ViewHost = {
  additions(_holds, key, _view, changed) {
    others.changed = changed;
    const fits = (kinds: string[] | undefined) => (is: string) => !kinds || kinds.includes(is);
    return {
      stop: () => {},
      of: () => ({
        columns: others.columns.map((column) => ({
          key: column.key, label: column.label, type: (column.type ?? "text") as "text", by: "acme/others", fits: fits(column.fits),
          cells: async (addresses: string[]) => {
            others.asked.push({ key: column.key, addresses });
            if (others.wait) await new Promise<void>((resolve) => { others.release = resolve; });
            if (others.failing.includes(column.key)) throw new Error("not now");
            return addresses.map((address) => others.cells[column.key]?.[address] ?? null);
          },
        })),
        commands: others.commands.map(({ label, run, many, fits: kinds }) => ({
          item: { label, action: { run, arguments: { asset: many ? [{ $row: key }] : { $row: key } } } }, fits: fits(kinds),
          ...(many ? { many: { label, action: { run, arguments: { asset: { $selection: key } } } } } : {}),
        })),
      }),
    };
  },
  async act(action, { viewId, node, row, selection, value }) {
    acts.push(JSON.parse(JSON.stringify({ action, viewId, node: node.id, row, selection, value })));
    if ((globalThis as { waits?: boolean }).waits) return new Promise<boolean>((answer) => answers.push(answer));
  },
  rows,
  stop: async (source) => { stopped.push(source); },
  href: ({ address = "", tab, params }) => `/go/${address}${tab ? `?tab=${tab}` : ""}${params ? `#${JSON.stringify(params)}` : ""}`,
  objectUrl: (address) => `/files/${address}`,
  bytes: async (_, start, length) => Uint8Array.from({ length }, (_byte, index) => (start + index) % 256).buffer,
  markdown: async (text) => {
    const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    const html = `<h2>Wind turbines</h2><p>${safe}</p><ul><li>one</li><li>two</li></ul><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>`;
    return policy ? policy.createHTML(html) : html;
  },
  command: (words) => words[0] === "missing" ? undefined : {
    name: words, summary: "Creates a dataset.", effect: "write", arguments: [
      { name: "address", help: "Where it will be.", type: "asset", required: true }, { name: "summary", help: "One sentence.", type: "text" },
      { name: "tag", help: "Words that describe it.", type: "text", repeated: true }, { name: "public", help: "Whether everyone sees it.", type: "boolean" },
      { name: "kind", help: "What it holds.", type: "text", choices: ["dataset", "model"], default: "dataset" },
    ],
  },
  locale: "en",
};

// What tests reach from outside. `pending`: answers of the host that are on their way.
const kd = { host, acts, asked, others, stopped, answers, loadAll, pending: 0 };
Object.assign(globalThis, { kd });
