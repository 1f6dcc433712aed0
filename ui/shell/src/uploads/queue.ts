// Uploads of this page: three at a time, each can be paused, stopped and tried again; a lost connection is waited for,
// and what a reload interrupted is offered again.
import type { OfferedUndo } from "../actions/asking.js";
import { asProblem } from "../transport/problem.js";
import { abandon, append, batch, create, position } from "./send.js";
import { forget, isSame, keep, unfinished, type Unfinished } from "./memory.js";
import { cleanPath, isLitter, plan, Rate, type Destination, type Picked } from "./plan.js";
import { groups, left, sums, type Group, type Job, type JobState } from "./state.js";

const PARALLEL = 3;
const WAITS = [500, 1000, 2000, 3000];
let counter = 0;

export interface UploadEvents {
  /** At the start, a quarter, a half, three quarters. */
  progress(group: Group, percent: number): void;
  /** Nothing of it is on its way any more. */
  ended(group: Group, state: JobState): void;
}

export class Uploads {
  #told = new Map<number, number>();
  #frame = 0;

  constructor(private readonly events: UploadEvents) {
    void unfinished().then((found) => left.set(found));
    // A closed tab loses the bytes on their way; what arrived stays.
    addEventListener("beforeunload", (event) => {
      if (this.busy) event.preventDefault();
    });
  }

  get busy(): boolean {
    return groups.value.some((group) => ["sending", "waiting"].includes(sums(group).state));
  }

  /** Paths that cannot be written are left out and told. */
  add(to: Destination, picked: readonly Picked[], undo?: OfferedUndo): { group: Group | null; refused: string[] } {
    const refused: string[] = [];
    const files: Picked[] = [];
    for (const one of picked) {
      if (isLitter(one.path)) continue;
      const path = cleanPath(to.folder + one.path);
      if (path) files.push({ ...one, path });
      else refused.push(one.path);
    }
    if (!files.length) return { group: null, refused };
    const jobs = plan(files).map((piece): Job => {
      // The same file again: the bytes that are there already are not sent again.
      const known = piece.kind === "single" ? left.value.find((one) => one.asset === to.asset && one.path === piece.file.path && isSame(one, piece.file.file)) : undefined;
      return { id: ++counter, piece, state: "waiting", sent: 0, url: known?.url ?? "", problem: undefined, abort: undefined, tries: 0 };
    });
    const group: Group = { id: ++counter, to, jobs, rate: new Rate(), started: Date.now(), files: files.length, bytes: files.reduce((sum, { file }) => sum + file.size, 0), undo };
    const urls = new Set(jobs.map(({ url }) => url));
    left.update((all) => all.filter(({ url }) => !urls.has(url)));
    groups.update((all) => [group, ...all]);
    this.events.progress(group, 0);
    this.#pump();
    return { group, refused };
  }

  /** Goes on with what a reload interrupted, when the browser kept the way to the file. */
  async goOn(one: Unfinished): Promise<boolean> {
    const handle = one.handle as (FileSystemFileHandle & { requestPermission?(options: { mode: "read" }): Promise<PermissionState> }) | undefined;
    if (!handle || (await handle.requestPermission?.({ mode: "read" })) === "denied") return false;
    try {
      const file = await handle.getFile();
      if (!isSame(one, file)) return false;
      this.add({ asset: one.asset, folder: "" }, [{ path: one.path, file, handle }]);
      return true;
    } catch {
      return false;
    }
  }

  /** Files that were picked again for what a reload interrupted; answers how many fit. */
  match(picked: readonly Picked[]): number {
    let fits = 0;
    for (const { file } of picked) {
      const fit = left.value.find((one) => isSame(one, file));
      if (!fit) continue;
      fits++;
      this.add({ asset: fit.asset, folder: "" }, [{ path: fit.path, file }]);
    }
    return fits;
  }

  async giveUp(given: Unfinished): Promise<void> {
    left.update((all) => all.filter((one) => one !== given));
    await Promise.all([abandon(given.url), forget(given.url)]);
  }

  pause(group: Group): void {
    for (const job of group.jobs) {
      if (job.state !== "sending" && job.state !== "waiting") continue;
      job.state = "paused";
      job.abort?.abort();
    }
    group.rate.clear();
    this.#changed();
  }

  resume(group: Group): void {
    for (const job of group.jobs) {
      if (job.state === "paused" || job.state === "failed") Object.assign(job, { state: "waiting", problem: undefined, tries: 0 });
    }
    this.#pump();
  }

  stop(group: Group): void {
    for (const job of group.jobs) {
      if (job.state === "done") continue;
      job.state = "stopped";
      job.abort?.abort();
      if (job.url) void Promise.all([abandon(job.url), forget(job.url)]);
    }
    this.#end(group);
    this.#pump();
  }

  clear(): void {
    groups.update((all) => all.filter((group) => ["sending", "waiting", "paused", "failed"].includes(sums(group).state)));
  }

  #changed(): void {
    // Progress comes more often than a page can draw.
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      groups.update((all) => [...all]);
    });
  }

  #pump(): void {
    const jobs = groups.value.flatMap((group) => group.jobs.map((job) => ({ group, job })));
    let sending = jobs.filter(({ job }) => job.abort).length;
    // In the order in which they came.
    for (const { group, job } of [...jobs].sort((a, b) => a.job.id - b.job.id)) {
      if (sending >= PARALLEL) break;
      if (job.state !== "waiting" || job.abort) continue;
      sending++;
      void this.#send(group, job);
    }
    this.#changed();
  }

  async #send(group: Group, job: Job): Promise<void> {
    const abort = (job.abort = new AbortController());
    job.state = "sending";
    const progress = (sent: number): void => {
      if (job.state !== "sending") return;
      job.sent = sent;
      if (sent > 0) job.tries = 0;
      this.#progressed(group);
    };
    try {
      await this.#bytes(group, job, progress, abort.signal);
      if (job.state === "sending") job.state = "done";
    } catch (error) {
      const problem = asProblem(error);
      if (job.state === "sending") {
        if (problem.kind === "unavailable") {
          job.state = "waiting";
          const wait = WAITS[Math.min(job.tries++, WAITS.length - 1)]!;
          await new Promise((resume) => setTimeout(resume, wait));
        } else {
          job.state = "failed";
          job.problem = problem;
        }
      }
    }
    job.abort = undefined;
    this.#progressed(group);
    this.#pump();
    if (!group.jobs.some(({ state, abort: busy }) => busy || state === "waiting" || state === "paused")) this.#end(group);
  }

  async #bytes(group: Group, job: Job, progress: (sent: number) => void, signal: AbortSignal): Promise<void> {
    const { piece } = job;
    if (piece.kind === "batch") return batch(group.to.asset, piece.files, progress, signal);
    const { file, path, handle } = piece.file;
    let offset: number | null = null;
    if (job.url) {
      offset = await position(job.url, signal);
      if (offset === null) await forget(job.url);
    }
    if (offset === null) {
      job.url = await create(group.to.asset, piece.file, signal);
      offset = 0;
      await keep({ url: job.url, asset: group.to.asset, path, name: file.name, size: file.size, modified: file.lastModified, handle });
    }
    progress(offset);
    await append(job.url, file, offset, progress, signal);
    await forget(job.url);
  }

  #progressed(group: Group): void {
    const { sent, bytes } = sums(group);
    group.rate.add(sent, performance.now());
    const percent = bytes ? Math.floor((sent / bytes) * 4) * 25 : 0;
    if (percent > (this.#told.get(group.id) ?? 0) && percent < 100) {
      this.#told.set(group.id, percent);
      this.events.progress(group, percent);
    }
    this.#changed();
  }

  #end(group: Group): void {
    const { state } = sums(group);
    if (this.#told.get(group.id) === 100) return;
    if (state === "done" || state === "stopped") this.#told.set(group.id, 100);
    this.events.ended(group, state);
    this.#changed();
  }
}
