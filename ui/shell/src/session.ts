// What the server said and how it is reached: one for the page. Surfaces, commands, tasks, who the person is, and whether
// there is a connection. Holds no view and draws nothing.
import type { Asker } from "./actions/asking.js";
import { Store } from "./store.js";
import type { Surface } from "./places/screens.js";
import { fetchCommands, probe, type Command } from "./transport/http.js";
import { Link, newKey, type LinkState, type Message, type Wire } from "./transport/socket.js";

export interface Task {
  id: string | number;
  plugin: string;
  title: string;
  done: number;
  total: number | null;
  unit: string;
  state: "running" | "finished" | "failed" | "cancelled";
  note: string;
  started: number;
  ended: number | null;
}

export interface Person {
  id: string;
  roles: string[];
}

export type Standing = "starting" | "here" | "lost" | "signed-out";

export interface SessionEvents {
  resumed(resumed: boolean): void;
  patch(patch: Message): void;
  lost(lost: Message): void;
  /** Addresses of what may look different of that which the page fetches by itself. */
  changed(addresses: readonly string[]): void;
}

const LOCAL = /^(localhost|127\.|\[::1\]$)/;

export class Session {
  readonly standing = new Store<Standing>("starting");
  readonly surfaces = new Store<Surface[]>([]);
  readonly commands = new Store<Command[]>([]);
  readonly tasks = new Store<Task[]>([]);
  readonly person = new Store<Person>({ id: "", roles: [] });
  readonly version = new Store("");
  /** What plug-ins are called, by their ids. */
  readonly plugins = new Store<Record<string, string>>({});
  readonly link: Link;
  #generation: unknown;
  #asked = false;

  constructor(private readonly events: SessionEvents, dial: () => Wire = dialPage) {
    this.link = new Link(dial, {
      state: (state) => this.#state(state),
      welcome: (welcome, resumed) => this.#welcome(welcome, resumed),
      push: (member, content) => this.#push(member, content as Message),
      failed: (attempts) => void this.#failed(attempts),
    });
  }

  start(): void {
    this.link.start();
    document.addEventListener("visibilitychange", () => this.link.hidden(document.hidden));
    globalThis.addEventListener("online", () => this.link.retry());
    // A laptop without a network still reaches its own server; so the server is asked before anything is said.
    globalThis.addEventListener("offline", () => {
      void probe(1500).then((found) => { if (found === "away") this.link.broken(); });
    });
  }

  get local(): boolean {
    return LOCAL.test(location.hostname);
  }

  command(words: readonly string[]): Command | undefined {
    return this.commands.value.find(({ name }) => name.length === words.length && name.every((word, index) => word === words[index]));
  }

  run(words: readonly string[], args: Record<string, unknown>, project: string, asker: Asker, key = newKey(), signal?: AbortSignal, confirmed?: string): Promise<Outcome> {
    const content: Message = { command: [...words], arguments: args, key };
    if (project) content["project"] = project;
    if (confirmed) content["confirmed"] = confirmed;
    return this.link.request<Outcome>("run", () => ({ ...content, from: asker.origin() }), { signal, timeout: 0 });
  }

  /** Takes a confirmation for what the person has just allowed; undefined where the server wants none. */
  async confirm(words: readonly string[], args: Record<string, unknown>, project: string, asker: Asker, signal?: AbortSignal): Promise<string | undefined> {
    const content: Message = { command: [...words], arguments: args };
    if (project) content["project"] = project;
    const { nonce } = await this.link.request<{ nonce: string | null }>("confirm", () => ({ ...content, from: asker.origin() }), { signal });
    return nonce ?? undefined;
  }

  async loadCommands(): Promise<void> {
    const { commands } = await fetchCommands();
    this.commands.set(commands);
  }

  #state(state: LinkState): void {
    if (state === "open") this.standing.set("here");
    else if (state === "lost" && this.standing.value !== "signed-out") this.standing.set(this.standing.value === "starting" ? "starting" : "lost");
  }

  async #failed(attempts: number): Promise<void> {
    // A WebSocket does not tell why it was refused.
    if (this.#asked) return;
    this.#asked = true;
    const found = await probe();
    this.#asked = false;
    if (this.link.state === "open") return;
    if (found === "signed-out") this.standing.set("signed-out");
    else if (attempts > 1 || found === "away") this.standing.set("lost");
  }

  #welcome(welcome: Message, resumed: boolean): void {
    if (Array.isArray(welcome["surfaces"])) this.surfaces.set(welcome["surfaces"] as Surface[]);
    if (Array.isArray(welcome["tasks"])) this.tasks.set(welcome["tasks"] as Task[]);
    if (welcome["plugins"]) this.plugins.set(welcome["plugins"] as Record<string, string>);
    if (welcome["person"]) this.person.set(welcome["person"] as Person);
    if (typeof welcome["version"] === "string") this.version.set(welcome["version"]);
    this.#news(welcome["commands"]);
    this.events.resumed(resumed);
  }

  #news(generation: unknown): void {
    if (generation !== undefined && generation === this.#generation) return;
    this.#generation = generation;
    void this.#learn(generation);
  }

  /** Until it is known: without them no button knows what it needs. */
  async #learn(generation: unknown, wait = 1000): Promise<void> {
    try {
      await this.loadCommands();
    } catch (error) {
      console.warn("the commands could not be read", error);
      setTimeout(() => { if (generation === this.#generation) void this.#learn(generation, Math.min(wait * 2, 30_000)); }, wait);
    }
  }

  #push(member: string, content: Message): void {
    switch (member) {
      case "patch": return this.events.patch(content);
      case "lost": return this.events.lost(content);
      case "changed": return this.events.changed(content as unknown as string[]);
      case "tasks": return this.tasks.set(content as unknown as Task[]);
      case "surfaces":
        this.surfaces.set(content["surfaces"] as Surface[]);
        if (content["plugins"]) this.plugins.set(content["plugins"] as Record<string, string>);
        if (content["commands"] !== undefined) this.#news(content["commands"]);
    }
  }
}

export interface Outcome {
  data: unknown;
  view?: unknown[];
}

function dialPage(): Wire {
  const url = new URL("/api/v1/page", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url);
}
