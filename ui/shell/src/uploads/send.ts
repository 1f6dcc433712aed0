// Bytes on their way: tus 1.0 for one file, one request for an archive. `fetch` tells nothing of how far an upload is, so
// XMLHttpRequest sends.
import { cancelled, newTrace, problemOf, Refused, traceHeader, unreachable } from "../transport/problem.js";
import { encodeAddress } from "../transport/http.js";
import { tar } from "./tar.js";
import type { Picked } from "./plan.js";

const TUS = { "Tus-Resumable": "1.0.0" };
// A request carries this much: a pause loses little, and a proxy that holds whole bodies does not choke.
export const CHUNK = 32 << 20;

function base64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

interface Sent {
  status: number;
  header(name: string): string | null;
  body: unknown;
  trace: string;
}

function send(method: string, url: string, headers: Record<string, string>, body: Blob | null, progress: (sent: number) => void, signal: AbortSignal): Promise<Sent> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Refused(cancelled()));
    const request = new XMLHttpRequest();
    request.open(method, url);
    const trace = newTrace();
    for (const [name, value] of Object.entries({ ...headers, ...traceHeader(trace) })) request.setRequestHeader(name, value);
    const stop = (): void => request.abort();
    signal.addEventListener("abort", stop, { once: true });
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onloadend = () => {
      signal.removeEventListener("abort", stop);
      if (request.status === 0) return reject(new Refused(signal.aborted ? cancelled() : unreachable(trace)));
      let answer: unknown = null;
      try { answer = JSON.parse(request.responseText || "null"); } catch { /* it is not JSON */ }
      resolve({ status: request.status, header: (name) => request.getResponseHeader(name), body: answer, trace });
    };
    request.send(body);
  });
}

function check(sent: Sent): Sent {
  if (sent.status >= 400) throw new Refused(problemOf(sent.body, sent.status, sent.trace));
  return sent;
}

/** Begins a resumable upload and tells its URL. */
export async function create(asset: string, picked: Picked, signal: AbortSignal): Promise<string> {
  const { file, path } = picked;
  const metadata = [`address ${base64(`${asset}/${path}`)}`, `modified ${base64(String(file.lastModified))}`];
  if (file.type) metadata.push(`filetype ${base64(file.type)}`);
  const sent = check(await send("POST", "/api/v1/uploads", { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": metadata.join(",") }, null, () => {}, signal));
  const at = sent.header("Location");
  if (!at) throw new Refused(problemOf(null, sent.status, sent.trace));
  return new URL(at, location.href).pathname;
}

/** How many bytes the server has; null when it does not know the upload any more. */
export async function position(url: string, signal: AbortSignal): Promise<number | null> {
  const sent = await send("HEAD", url, TUS, null, () => {}, signal);
  if (sent.status === 404 || sent.status === 410) return null;
  return Number(check(sent).header("Upload-Offset") ?? 0);
}

/** Sends from `offset` to the end, told of each step. */
export async function append(url: string, file: File, offset: number, progress: (sent: number) => void, signal: AbortSignal): Promise<void> {
  let at = offset;
  while (at < file.size) {
    const end = Math.min(file.size, at + CHUNK);
    const from = at;
    const sent = await send("PATCH", url, { ...TUS, "Upload-Offset": String(at), "Content-Type": "application/offset+octet-stream" },
      file.slice(at, end), (loaded) => progress(from + loaded), signal);
    // Somebody (an earlier request of ours that was cut) got further: go on from there.
    const stands = sent.header("Upload-Offset");
    if (sent.status === 409 && stands !== null && Number(stands) > from) at = Number(stands);
    else at = Number(check(sent).header("Upload-Offset") ?? end);
    progress(at);
  }
}

export async function abandon(url: string): Promise<void> {
  await fetch(url, { method: "DELETE", headers: TUS, credentials: "same-origin" }).catch(() => {});
}

/** Many small files at once: all of them, or none. */
export async function batch(asset: string, files: readonly Picked[], progress: (sent: number) => void, signal: AbortSignal): Promise<void> {
  const archive = tar(files);
  check(await send("POST", `/api/v1/batches/${encodeAddress(asset)}`, { "Content-Type": "application/x-tar" }, archive, progress, signal));
}
