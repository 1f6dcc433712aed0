// Uploads that were not finished, so that they go on after a reload: where each goes, how the file is told from others,
// and (where the browser gives one) the handle that opens it again. In IndexedDB, since handles cannot be text.
import { asProblem } from "../transport/problem.js";
import { KEPT_IN } from "./state.js";

export interface Unfinished {
  url: string;
  asset: string;
  path: string;
  name: string;
  size: number;
  modified: number;
  handle?: FileSystemFileHandle | undefined;
}

const STORE = "uploads";
let opening: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  return (opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(KEPT_IN, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "url" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  }));
}

async function inStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  try {
    const request = work((await database()).transaction(STORE, mode).objectStore(STORE));
    return await new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } catch (error) {
    // A private window keeps nothing: uploads work, they only cannot go on after a reload.
    console.warn("unfinished uploads are not kept", asProblem(error).detail);
    return undefined;
  }
}

export const keep = (upload: Unfinished): Promise<unknown> => inStore("readwrite", (store) => store.put(upload) as IDBRequest<unknown>);
export const forget = (url: string): Promise<unknown> => inStore("readwrite", (store) => store.delete(url) as IDBRequest<unknown>);
export const unfinished = async (): Promise<Unfinished[]> => (await inStore<Unfinished[]>("readonly", (store) => store.getAll())) ?? [];

/** Whether a file is the one that an upload began with: as far as a browser can tell. */
export const isSame = (upload: Unfinished, file: File): boolean =>
  upload.name === file.name && upload.size === file.size && upload.modified === file.lastModified;
