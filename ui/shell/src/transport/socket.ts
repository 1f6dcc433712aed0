// The one WebSocket of the page (wit/ui/page.md): requests with ids, answers, what the server pushes, and the way back
// after the connection was lost. Invariant: a request is either answered, refused or still waiting; a lost connection
// alone never ends one, and what a person did is sent again under the same key, so that it happens once.
import { cancelled, large, late, problemOf, Refused, type Problem } from "./problem.js";

/** As much of a WebSocket as is needed, so that tests bring their own. */
export interface Wire {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
}

export type Message = Record<string, unknown>;
/** Made when it is sent: after a new connection a view has another id. */
export type Content = Message | (() => Message);

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds; 0 for as long as it takes. */
  timeout?: number;
  /** Told the id under which it was sent, each time: a view is known by the id of its `open`. */
  sent?: (id: number) => void;
}

export type LinkState = "connecting" | "open" | "lost";

export interface LinkEvents {
  state(state: LinkState): void;
  /** Whether the views of before are still open at the server. */
  welcome(welcome: Message, resumed: boolean): void;
  push(member: string, content: unknown): void;
  /** No connection came about: the time to ask whether the person is signed in. */
  failed(attempts: number): void;
}

interface Pending {
  name: string;
  content: Content;
  over: boolean;
  resolve(answer: unknown): void;
  reject(error: Refused): void;
  sent: ((id: number) => void) | undefined;
  id: number;
}

const OPEN = 1;
// The study's bar 30: streams run again within 5 s of the network being back.
const BACKOFF = [200, 400, 800, 1500, 2500, 3000];
const HELLO_TIMEOUT = 5000;
// The server ends a connection that sends more, and sending it again would end the next one too.
const LARGEST = 256 << 10;
const PUSHED = new Set(["patch", "lost", "changed", "surfaces", "tasks"]);

export class Link {
  state: LinkState = "connecting";
  #wire: Wire | undefined;
  #next = 0;
  #attempts = 0;
  #resume: string | null = null;
  #ready = false;
  #stopped = false;
  #hidden = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hello: ReturnType<typeof setTimeout> | undefined;
  #pending = new Map<number, Pending>();

  constructor(private readonly dial: () => Wire, private readonly events: LinkEvents) {}

  start(): void {
    this.#stopped = false;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#hello);
    this.#drop();
  }

  /** Now, instead of when the next attempt is due. */
  retry(): void {
    if (this.#stopped || this.state === "open") return;
    clearTimeout(this.#timer);
    this.#attempts = 0;
    this.#drop();
    this.#connect();
  }

  /** The connection is known to be dead although it has not said so. */
  broken(): void {
    if (this.#stopped) return;
    this.#drop();
    this.#lost();
  }

  hidden(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    this.#send({ hidden });
  }

  /** Without an answer; false while there is no connection, and then it was not told. */
  tell(name: string, content: unknown): boolean {
    return this.#send({ [name]: content });
  }

  request<T = Message>(name: string, content: Content, { signal, timeout = 30_000, sent }: RequestOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) return reject(new Refused(cancelled()));
      let timer: ReturnType<typeof setTimeout> | undefined;
      const over = (): void => {
        pending.over = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
      };
      const pending: Pending = {
        name, content, sent, id: 0, over: false,
        resolve: (answer) => { over(); resolve(answer as T); },
        reject: (error) => { over(); reject(error); },
      };
      const give = (problem: Problem): void => {
        if (this.#pending.delete(pending.id)) this.#send({ cancel: { request: pending.id } });
        pending.reject(new Refused(problem));
      };
      const stop = (): void => give(cancelled());
      signal?.addEventListener("abort", stop, { once: true });
      if (timeout > 0) timer = setTimeout(() => give(late()), timeout);
      this.#put(pending);
    });
  }

  #put(pending: Pending): void {
    pending.id = ++this.#next;
    const message = { id: pending.id, [pending.name]: typeof pending.content === "function" ? pending.content() : pending.content };
    // A character is up to three bytes; what is short in characters is not measured in bytes.
    const text = JSON.stringify(message);
    if (text.length * 3 > LARGEST && new TextEncoder().encode(text).length > LARGEST) return pending.reject(new Refused(large()));
    this.#pending.set(pending.id, pending);
    pending.sent?.(pending.id);
    this.#send(message);
  }

  #send(message: Message): boolean {
    if (!this.#ready || this.#wire?.readyState !== OPEN) return false;
    this.#wire.send(JSON.stringify(message));
    return true;
  }

  #drop(): void {
    const wire = this.#wire;
    this.#wire = undefined;
    this.#ready = false;
    clearTimeout(this.#hello);
    if (!wire) return;
    wire.onopen = wire.onmessage = wire.onclose = wire.onerror = null;
    try { wire.close(); } catch { /* it never opened */ }
  }

  #connect(): void {
    const wire = this.dial();
    this.#wire = wire;
    wire.onopen = () => {
      const id = ++this.#next;
      wire.send(JSON.stringify({ id, hello: { resume: this.#resume } }));
    };
    wire.onmessage = (event) => this.#receive(wire, String(event.data));
    wire.onclose = () => this.#lost();
    wire.onerror = () => {};
    this.#hello = setTimeout(() => { this.#drop(); this.#lost(); }, HELLO_TIMEOUT);
  }

  #lost(): void {
    this.#drop();
    if (this.#stopped) return;
    this.#set("lost");
    const wait = BACKOFF[Math.min(this.#attempts, BACKOFF.length - 1)]!;
    this.#attempts++;
    this.events.failed(this.#attempts);
    clearTimeout(this.#timer);
    // Spread, so that a server that starts again is not met by every tab in the same instant.
    this.#timer = setTimeout(() => this.#connect(), wait * (0.8 + Math.random() * 0.4));
  }

  #set(state: LinkState): void {
    if (state === this.state) return;
    this.state = state;
    this.events.state(state);
  }

  #receive(wire: Wire, text: string): void {
    if (wire !== this.#wire) return;
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      return;
    }
    if (message["welcome"]) return this.#welcomed(message["welcome"] as Message);
    if (typeof message["id"] === "number") return this.#answered(message["id"], message);
    for (const [member, content] of Object.entries(message)) {
      if (member === "commands") continue;
      if (PUSHED.has(member)) this.events.push(member, member === "surfaces" ? message : content);
      else if (member === "problem") console.warn("the server refused a message", content);
    }
  }

  #welcomed(welcome: Message): void {
    clearTimeout(this.#hello);
    const resumed = welcome["resumed"] === true;
    this.#resume = typeof welcome["resume"] === "string" ? welcome["resume"] : null;
    this.#ready = true;
    this.#attempts = 0;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    this.#set("open");
    if (this.#hidden) this.#send({ hidden: true });
    this.events.welcome(welcome, resumed);
    // Under new ids: the server may still be at work on the old ones, and an id is used once.
    for (const pending of waiting) if (!pending.over) this.#put(pending);
  }

  #answered(id: number, message: Message): void {
    const pending = this.#pending.get(id);
    if (!pending) {
      // A view that was opened for nobody would be pushed for ever.
      if (message["view"]) this.#send({ close: { view: id } });
      return;
    }
    this.#pending.delete(id);
    if (message["problem"]) return pending.reject(new Refused(problemOf(message["problem"])));
    const answer = Object.entries(message).find(([member]) => member !== "id")?.[1];
    pending.resolve(answer);
  }
}

/** One word for one thing that a person did. */
export function newKey(): string {
  return typeof crypto.randomUUID === "function"
    ? crypto.randomUUID()
    : Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
