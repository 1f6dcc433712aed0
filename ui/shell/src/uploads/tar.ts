// Writes a tar archive of files (POSIX ustar with PAX records for what does not fit): long or foreign names, times to the
// millisecond, media types. Pure.
const BLOCK = 512;
const encoder = new TextEncoder();

export interface TarEntry {
  path: string;
  file: Blob & { lastModified?: number };
}

function header(name: Uint8Array, size: number, seconds: number, type: "0" | "x"): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const text = (at: number, value: string): void => block.set(encoder.encode(value), at);
  block.set(name.subarray(0, 100), 0);
  text(100, "0000644\0");
  text(108, "0000000\0");
  text(116, "0000000\0");
  text(124, `${size.toString(8).padStart(11, "0")}\0`);
  text(136, `${Math.max(0, Math.floor(seconds)).toString(8).padStart(11, "0")}\0`);
  text(148, "        ");
  text(156, type);
  text(257, "ustar\x0000");
  const sum = block.reduce((all, byte) => all + byte, 0);
  text(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function record(key: string, value: string): Uint8Array {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return encoder.encode(`${length} ${key}=${value}\n`);
}

const padding = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);

export function tar(entries: readonly TarEntry[]): Blob {
  const parts: BlobPart[] = [];
  for (const { path, file } of entries) {
    const modified = file.lastModified ?? 0;
    const records = [record("path", path), record("mtime", (modified / 1000).toFixed(3))];
    if (file.type) records.push(record("KAMLD.media-type", file.type));
    const size = records.reduce((all, one) => all + one.length, 0);
    const pax = new Uint8Array(size);
    let at = 0;
    for (const one of records) {
      pax.set(one, at);
      at += one.length;
    }
    const name = encoder.encode(path);
    parts.push(header(encoder.encode("pax"), size, modified / 1000, "x"), pax, padding(size));
    parts.push(header(name.length <= 100 ? name : encoder.encode("entry"), file.size, modified / 1000, "0"), file, padding(file.size));
  }
  parts.push(new Uint8Array(BLOCK * 2));
  return new Blob(parts, { type: "application/x-tar" });
}
