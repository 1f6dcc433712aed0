// What goes beside the WebSocket: windows of rows, markdown, what an object is, bytes, commands, the palette's finds.
// Every failure is a `Refused` with a problem in words.
import type { CommandDeclaration, RowsPage, Source, SourceColumn, Statistic, Window } from "../../../view/src/host.js";
import { newTrace, problemOf, Refused, traceHeader, unreachable } from "./problem.js";

/** The letters that mean something in a URL are escaped, the slashes and `@` of an address are not. */
export function encodeAddress(address: string): string {
  return address.split("/").map((part) => encodeURIComponent(part).replaceAll("%40", "@").replaceAll("%2B", "+").replaceAll("%2C", ",").replaceAll("%3D", "=").replaceAll("%3A", ":")).join("/");
}

/** Under an id of its own, so that what fails is told with it even where something else answers than the server. */
async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  const trace = newTrace();
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...init, headers: { ...(init.headers as Record<string, string>), ...traceHeader(trace) } });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(unreachable(trace));
  }
  if (response.ok || (init.method === "HEAD" && response.status === 404)) return response;
  throw new Refused(problemOf(await response.json().catch(() => null), response.status, response.headers.get("kamld-trace") ?? trace));
}

export async function fetchJson<T>(url: string, init?: RequestInit): Promise<T> {
  return (await (await ask(url, init)).json()) as T;
}

/** The windows of a source that the host keeps itself; those of a plug-in go over the WebSocket. */
export function windowUrl(source: Source, window: Window): string {
  const base = source.object !== undefined
    ? `/api/v1/tables/${encodeAddress(source.object)}`
    : `/api/v1/results/${encodeURIComponent(source.result ?? "")}/rows`;
  const query = new URLSearchParams({ start: String(window.start), count: String(Math.min(200, Math.max(1, window.count))) });
  for (const [key, descending] of window.sort) query.append("sort", (descending ? "-" : "") + key);
  if (window.filter) query.set("filter", window.filter);
  if (window.statistics) query.set("statistics", "true");
  return `${base}?${query}`;
}

interface RowsAnswer {
  columns: SourceColumn[];
  rows: unknown[][];
  start: number;
  total: number | null;
  complete: boolean;
  ms?: number;
  bytes?: number;
  statistics?: Statistic[];
}

export async function fetchRows(source: Source, window: Window, signal: AbortSignal): Promise<RowsPage> {
  const { rows, columns, ...rest } = await fetchJson<RowsAnswer>(windowUrl(source, window), { signal });
  return { ...rest, columns, rows: rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]]))) };
}

export const objectUrl = (address: string): string => `/api/v1/objects/${encodeAddress(address)}`;

export async function fetchBytes(address: string, start: number, length: number, signal: AbortSignal): Promise<ArrayBuffer> {
  return (await ask(objectUrl(address), { signal, headers: { Range: `bytes=${start}-${start + length - 1}` } })).arrayBuffer();
}

export interface ObjectHead {
  mediaType: string;
  size: number;
  etag: string;
}

/** What an object is; null when there is none. */
export async function headObject(address: string, signal?: AbortSignal): Promise<ObjectHead | null> {
  const response = await ask(objectUrl(address), { method: "HEAD", cache: "no-cache", ...(signal ? { signal } : {}) });
  if (response.status === 404) return null;
  return {
    mediaType: (response.headers.get("content-type") ?? "application/octet-stream").split(";")[0]!.trim().toLowerCase(),
    size: Number(response.headers.get("content-length") ?? 0),
    etag: response.headers.get("etag") ?? "",
  };
}

export interface Command extends CommandDeclaration {
  plugin: string;
}

export async function fetchCommands(): Promise<{ generation: number; commands: Command[] }> {
  return fetchJson("/api/v1/commands");
}

export interface PaletteFind {
  title: string;
  note?: string;
  open: Record<string, unknown>;
}

/** What the server finds for the palette. */
export async function fetchPalette(q: string, signal: AbortSignal): Promise<PaletteFind[]> {
  return (await fetchJson<{ items?: PaletteFind[] }>(`/api/v1/palette?q=${encodeURIComponent(q)}`, { signal })).items ?? [];
}

/** Ends the query whose rows nobody wants any more; one that is gone already is as good. */
export async function stopResult(result: string): Promise<void> {
  await ask(`/api/v1/results/${encodeURIComponent(result)}`, { method: "DELETE" }).catch((error: unknown) => console.warn("the query could not be stopped", error));
}

// Trusted Types: HTML gets into the page through this policy alone, and it lets through only what the server answered
// for markdown, letter by letter.
const answered = new Set<string>();
const policy = (globalThis as { trustedTypes?: TrustedTypePolicyFactory }).trustedTypes?.createPolicy("kamld", {
  createHTML: (html: string) => {
    if (!answered.has(html)) throw new TypeError("this HTML does not come from the server");
    return html;
  },
});

const drawn = new Map<string, TrustedHTML | string>();
const KEPT = 100;

export async function fetchMarkdown(text: string, base = "", area = ""): Promise<TrustedHTML | string> {
  const key = `${area}\n${base}\n${text}`;
  const known = drawn.get(key);
  if (known !== undefined) return known;
  const { html } = await fetchJson<{ html: string }>("/api/v1/markdown", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text, base, area }),
  });
  answered.add(html);
  const trusted = policy ? (policy.createHTML(html) as unknown as TrustedHTML) : html;
  answered.delete(html);
  drawn.set(key, trusted);
  if (drawn.size > KEPT) drawn.delete(drawn.keys().next().value!);
  return trusted;
}

export async function endSession(): Promise<void> {
  await ask("/api/v1/session", { method: "DELETE" });
}

/** Whether the server answers at all, and whether it knows who asks. */
export async function probe(timeout = 2000): Promise<"here" | "signed-out" | "away"> {
  try {
    const response = await fetch("/api/v1/status", { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(timeout) });
    return response.status === 401 ? "signed-out" : "here";
  } catch {
    return "away";
  }
}
