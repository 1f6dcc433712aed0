// A value that others watch. The whole state of the shell is a handful of these: a part of the page draws again when a
// store that it watches changes, and only then.
import type { ReactiveController, ReactiveControllerHost } from "lit";

export class Store<T> {
  #value: T;
  #watchers = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const watcher of [...this.#watchers]) watcher(value);
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }

  /** Called at each change until the returned function is called. */
  watch(watcher: (value: T) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/** Draws an element again whenever one of the stores changes. */
export class Watch implements ReactiveController {
  #stores: Store<unknown>[];
  #stop: (() => void)[] = [];

  constructor(private readonly host: ReactiveControllerHost, ...stores: Store<never>[] | Store<any>[]) {
    this.#stores = stores as Store<unknown>[];
    host.addController(this);
  }

  hostConnected(): void {
    this.#stop = this.#stores.map((store) => store.watch(() => this.host.requestUpdate()));
  }

  hostDisconnected(): void {
    for (const stop of this.#stop) stop();
    this.#stop = [];
  }
}
