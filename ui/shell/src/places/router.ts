// Where the page is, and how it gets elsewhere. The address bar is the truth: links are real links, each change of
// place is an entry of the history, and going back puts scroll and focus where they were.
import { Store } from "../store.js";
import { formatPlace, parsePlace, samePlace, type Place } from "./place.js";

export type Travel = "push" | "replace" | "traverse";

interface Left {
  scroll: number;
  focus: string;
}

/** A way to the element that works in the same page drawn again: its id, or its places among its siblings. */
function pathTo(element: Element | null): string {
  if (!element || element === document.body) return "";
  const steps: string[] = [];
  for (let at: Element | null = element; at && at !== document.body; at = at.parentElement) {
    if (at.id) {
      steps.unshift(`#${CSS.escape(at.id)}`);
      break;
    }
    const index = at.parentElement ? Array.prototype.indexOf.call(at.parentElement.children, at) + 1 : 1;
    steps.unshift(`:nth-child(${index})`);
  }
  return steps.join(" > ");
}

const SCROLL = "y";
// Pixels from the top that are not worth a word in the link.
const NEAR_TOP = 100;

// How long a screen may take until what was left of it is given up.
const PATIENCE = 3000;

export class Router {
  readonly place: Store<Place>;
  /** How the place was come to last: `traverse` is back or forward. */
  travel: Travel = "push";
  #left = new Map<string, Left>();
  #key: string;
  #restoring = 0;
  /** How what is seen here was arranged: the fragment of the URL, which no plug-in and no server sees. */
  #arranged = new URLSearchParams();
  /** A change of it is on its way into the URL; and it is being written. */
  #waits = false;
  #writing = false;
  /** A task behind the frame that is being drawn. */
  #behind = new MessageChannel();

  constructor(private readonly changed: (place: Place, travel: Travel) => void) {
    this.place = new Store(parsePlace(location.href));
    this.#key = this.#currentKey();
    this.#read();
  }

  start(): void {
    history.scrollRestoration = "manual";
    this.#behind.port1.onmessage = this.#write;
    // Somebody wrote another fragment: what is seen begins as that says.
    globalThis.addEventListener("hashchange", () => location.reload());
    document.addEventListener("scrollend", () => this.arrange(SCROLL, scrollY > NEAR_TOP ? String(Math.round(scrollY)) : undefined));
    // What is done next may leave the page or read its address.
    for (const kind of ["pointerdown", "keydown", "click"]) document.addEventListener(kind, this.#write, { capture: true });
    globalThis.addEventListener("pagehide", this.#write);
    if (globalThis.navigation) navigation.addEventListener("navigate", this.#navigate);
    else {
      document.addEventListener("click", this.#click);
      globalThis.addEventListener("popstate", () => this.#arrive("traverse"));
      if (!history.state?.key) history.replaceState({ key: crypto.randomUUID() }, "");
      this.#key = this.#currentKey();
    }
  }

  href(place: Place): string {
    return formatPlace(place);
  }

  go(place: Place, how: "push" | "replace" = "push"): void {
    if (samePlace(place, this.place.value)) return;
    this.#write();
    const url = formatPlace(place);
    if (globalThis.navigation) {
      navigation.navigate(url, { history: how });
      return;
    }
    this.#leave();
    const state = { key: how === "replace" ? this.#key : crypto.randomUUID() };
    if (how === "replace") history.replaceState(state, "", url);
    else history.pushState(state, "", url);
    this.#arrive(how);
  }

  arranged(name: string): string | undefined {
    return this.#arranged.get(name) ?? undefined;
  }

  /** Makes it part of the link to what is seen. */
  arrange(name: string, value: string | undefined): void {
    if (value === this.arranged(name)) return;
    if (value === undefined) this.#arranged.delete(name);
    else this.#arranged.set(name, value);
    if (this.#waits) return;
    this.#waits = true;
    // What belongs together is one change of the URL; browsers take only so many. It costs a good part of a frame, and so
    // comes behind the one that shows what changed; a page that nobody sees has no frames.
    if (document.hidden) queueMicrotask(this.#write);
    else requestAnimationFrame(() => { this.#behind.port2.postMessage(null); });
  }

  #write = (): void => {
    if (!this.#waits) return;
    this.#waits = false;
    const text = this.#arranged.toString();
    this.#writing = true;
    history.replaceState(history.state, "", location.pathname + location.search + (text ? `#${text}` : ""));
    this.#writing = false;
  };

  /** Takes what the URL says; how far it was scrolled is there at once, or when there is so much of it. */
  #read(): void {
    this.#arranged = new URLSearchParams(location.hash.slice(1));
    const scroll = Number(this.arranged(SCROLL));
    if (scroll > 0 && !this.#left.has(this.#key)) this.#left.set(this.#key, { scroll, focus: "" });
  }

  /** Whether something of what was left here waits to be put back. */
  get scrolled(): boolean {
    return this.arranged(SCROLL) !== undefined;
  }

  #currentKey(): string {
    return globalThis.navigation?.currentEntry?.key ?? history.state?.key ?? "first";
  }

  #ours(url: URL): boolean {
    return url.origin === location.origin && !url.pathname.startsWith("/api/") && !url.searchParams.has("token");
  }

  #navigate = (event: NavigateEvent): void => {
    if (this.#writing) return;
    const to = new URL(event.destination.url);
    if (!event.canIntercept || event.hashChange || event.downloadRequest !== null || event.formData || event.navigationType === "reload" || !this.#ours(to)) return;
    this.#leave();
    const travel: Travel = event.navigationType === "traverse" ? "traverse" : event.navigationType === "replace" ? "replace" : "push";
    event.intercept({ scroll: "manual", focusReset: "manual", handler: async () => this.#arrive(travel) });
  };

  #click = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.composedPath() as Element[]).find((node) => node instanceof HTMLAnchorElement) as HTMLAnchorElement | undefined;
    if (!link?.href || link.target || link.download) return;
    const url = new URL(link.href);
    if (!this.#ours(url) || (url.hash && url.pathname === location.pathname)) return;
    event.preventDefault();
    this.go(parsePlace(url));
  };

  #leave(): void {
    this.#left.set(this.#key, { scroll: globalThis.scrollY, focus: pathTo(document.activeElement) });
  }

  #arrive(travel: Travel): void {
    this.travel = travel;
    this.#key = this.#currentKey();
    const before = this.place.value;
    const place = parsePlace(location.href);
    // The same screen with other params is not drawn anew: what was arranged there stays.
    const stays = travel !== "traverse" && !location.hash && (["kind", "area", "address", "tab"] as const).every((part) => before[part] === place[part]);
    const kept = stays ? [...this.#arranged] : [];
    this.#read();
    for (const [name, value] of kept) if (name !== SCROLL) this.arrange(name, value);
    this.#restoring++;
    this.place.set(place);
    this.changed(place, travel);
  }

  /** Puts scroll and focus where they were when this entry was left; gives up when the person does something else. */
  restore(): void {
    const left = this.#left.get(this.#key);
    const mine = ++this.#restoring;
    if (!left) return;
    const until = performance.now() + PATIENCE;
    let scrolled = false;
    let focused = left.focus === "";
    const stop = (): void => { this.#restoring++; };
    for (const kind of ["wheel", "pointerdown", "keydown"] as const) globalThis.addEventListener(kind, stop, { once: true, passive: true });
    const step = (): void => {
      if (mine !== this.#restoring) return;
      if (!focused) {
        const element = document.querySelector<HTMLElement>(left.focus);
        if (element) {
          element.focus({ preventScroll: true });
          focused = document.activeElement === element;
        }
      }
      if (!scrolled) {
        globalThis.scrollTo({ top: left.scroll, behavior: "instant" });
        scrolled = Math.abs(globalThis.scrollY - left.scroll) < 2;
      }
      if ((!scrolled || !focused) && performance.now() < until) requestAnimationFrame(step);
    };
    step();
  }
}
