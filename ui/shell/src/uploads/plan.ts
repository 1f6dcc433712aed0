// What is sent and how: many small files travel together as one archive, large ones alone and resumable. Pure.

/** A file on its way, with the path that it gets in the asset. */
export interface Picked {
  path: string;
  file: File;
  handle?: FileSystemFileHandle;
}

export interface Batch {
  kind: "batch";
  files: Picked[];
  bytes: number;
}

export interface Single {
  kind: "single";
  file: Picked;
  bytes: number;
}

export type Piece = Batch | Single;

// POST /api/v1/batches takes 64 MiB and 20,000 entries at most. Smaller ones here: a batch is all or nothing, is held
// in memory by both sides, and a lost connection sends the whole of it again.
export const SMALL = 1 << 20;
export const BATCH_BYTES = 16 << 20;
export const BATCH_FILES = 2000;
// One request of its own costs less than an archive as long as there are only a few.
const FEW = 3;

/** A path as the server takes it (`kamld_types::ObjectPath`); empty when it cannot be one. */
export function cleanPath(path: string): string {
  const parts = path.normalize("NFC").replaceAll("\\", "/").split("/").filter((part) => part !== "" && part !== ".");
  // Control characters cannot be a part of a path.
  if (parts.some((part) => part === ".." || /[\u0000-\u001f\u007f]/.test(part))) return "";
  const clean = parts.join("/");
  return new TextEncoder().encode(clean).length <= 1024 ? clean : "";
}

// What an operating system leaves in folders and nobody means to send.
const LITTER = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\.git\/.*|__MACOSX\/.*)$/;
export const isLitter = (path: string): boolean => LITTER.test(path);

export function plan(files: readonly Picked[]): Piece[] {
  const small = files.filter(({ file }) => file.size <= SMALL);
  const large = files.filter(({ file }) => file.size > SMALL);
  const pieces: Piece[] = [];
  if (small.length <= FEW) large.unshift(...small);
  else {
    let batch: Batch = { kind: "batch", files: [], bytes: 0 };
    for (const picked of small) {
      if (batch.files.length >= BATCH_FILES || (batch.files.length > 0 && batch.bytes + picked.file.size > BATCH_BYTES)) {
        pieces.push(batch);
        batch = { kind: "batch", files: [], bytes: 0 };
      }
      batch.files.push(picked);
      batch.bytes += picked.file.size;
    }
    pieces.push(batch);
  }
  for (const file of large) pieces.push({ kind: "single", file, bytes: file.file.size });
  return pieces;
}

export interface Destination {
  /** `PROJECT/ASSET[@BRANCH]` */
  asset: string;
  /** With a slash at its end, or empty. */
  folder: string;
}

/** Where `PROJECT/ASSET[@BRANCH][/FOLDER]` points; null without an asset. */
export function destination(to: string): Destination | null {
  const [project = "", asset = "", ...folder] = to.split("/").filter((part) => part !== "");
  if (!project || !asset) return null;
  return { asset: `${project}/${asset}`, folder: folder.length ? `${folder.join("/")}/` : "" };
}

/** Rate over the last seconds: what arrived long ago says nothing about what is left to wait. */
export class Rate {
  #marks: { at: number; bytes: number }[] = [];

  add(bytes: number, at: number): void {
    this.#marks.push({ at, bytes });
    while (this.#marks.length > 2 && at - this.#marks[0]!.at > 8000) this.#marks.shift();
  }

  /** Bytes a second. */
  get perSecond(): number {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    if (!first || !last || last.at - first.at < 300) return 0;
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.at - first.at));
  }

  clear(): void {
    this.#marks = [];
  }
}
