// Files from a drop or a choice, with the paths of their folders.
import type { Picked } from "./plan.js";

type Entry = FileSystemEntry;

async function walk(entry: Entry, before: string, found: Picked[]): Promise<void> {
  const path = before + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader answers a hundred at a time until it answers none.
  for (;;) {
    const entries = await new Promise<Entry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const one of entries) await walk(one, `${path}/`, found);
  }
}

export const hasFiles = (transfer: DataTransfer | null): boolean => transfer?.types.includes("Files") ?? false;

/** Must be called while the drop is handled: the browser takes the items away right after. */
export function fromTransfer(transfer: DataTransfer): Promise<Picked[]> {
  const found: Picked[] = [];
  const work: Promise<void>[] = [];
  for (const item of transfer.items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry?.();
    if (entry?.isDirectory) {
      work.push(walk(entry, "", found));
      continue;
    }
    const file = item.getAsFile();
    if (!file) continue;
    // A handle opens the same file after a reload, so that the upload goes on by one click.
    const asked = (item as DataTransferItem & { getAsFileSystemHandle?(): Promise<FileSystemHandle | null> }).getAsFileSystemHandle?.();
    work.push((asked ?? Promise.resolve(null)).catch(() => null).then((handle) => {
      found.push(handle?.kind === "file" ? { path: file.name, file, handle: handle as FileSystemFileHandle } : { path: file.name, file });
    }));
  }
  return Promise.all(work).then(() => found);
}

/** The browser's own dialog; empty when the person gave up. */
export function choose(folder: boolean): Promise<Picked[]> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.hidden = true;
    input.dataset["uploads"] = folder ? "folder" : "files";
    if (folder) input.webkitdirectory = true;
    const end = (): void => {
      const files = [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
      input.remove();
      resolve(files);
    };
    input.addEventListener("change", end);
    input.addEventListener("cancel", end);
    document.body.append(input);
    input.click();
  });
}
