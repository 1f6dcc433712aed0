// A place of the page and its URL: any state of any screen is one of these, and a URL says all of it. Pure.
// /                                     home
// /AREA   /AREA/PROJECT                 an area
// /AREA/PROJECT/ASSET[@REF][/FOLDER/]   an asset, perhaps a folder of it
// /AREA/PROJECT/ASSET[@REF]/PATH        an object
// /find?q=TEXT&as=NAME                  what the one box found
// /settings/NAME                        a page of the settings
import type { Target } from "../../../view/src/catalogue.js";

export type PlaceKind = "home" | "area" | "asset" | "object" | "find" | "settings";

export interface Place {
  kind: PlaceKind;
  /** The area's name in the URL; empty outside of areas. */
  area: string;
  /** Empty, `PROJECT`, `PROJECT/ASSET[@REF][/FOLDER/]` or `PROJECT/ASSET[@REF]/PATH`. */
  address: string;
  /** The tab, the page of the settings, or the interpretation of the box; empty for the first. */
  tab: string;
  /** What else the URL says; goes to the surface. */
  params: Record<string, string>;
}

export const HOME: Place = { kind: "home", area: "", address: "", tab: "", params: {} };

// Words of the URL that no area may take.
export const RESERVED: ReadonlySet<string> = new Set(["find", "settings", "api", "assets"]);

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function encode(part: string): string {
  return encodeURIComponent(part).replaceAll("%40", "@").replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%2B", "+");
}

export function kindOf(area: string, address: string): PlaceKind {
  if (area === "") return "home";
  const parts = address.split("/").filter((part) => part !== "");
  if (parts.length < 2) return "area";
  return parts.length === 2 || address.endsWith("/") ? "asset" : "object";
}

/** Without a slash at its end where it says nothing: after a project or an asset. */
export function tidyAddress(address: string): string {
  const folder = address.endsWith("/");
  const parts = address.split("/").filter((part) => part !== "");
  return parts.join("/") + (folder && parts.length > 2 ? "/" : "");
}

export function parsePlace(url: string | URL): Place {
  const at = new URL(url, "http://page");
  const params = Object.fromEntries(at.searchParams);
  const folder = at.pathname.endsWith("/");
  const parts = at.pathname.split("/").filter((part) => part !== "").map(decode);
  const take = (name: string): string => {
    const value = params[name] ?? "";
    delete params[name];
    return value;
  };
  const [first = "", ...rest] = parts;
  if (first === "find") return { kind: "find", area: "", address: "", tab: take("as"), params };
  if (first === "settings") return { kind: "settings", area: "", address: "", tab: rest.join("/"), params };
  const address = tidyAddress(rest.join("/") + (folder ? "/" : ""));
  const kind = kindOf(first, address);
  return { kind, area: first, address, tab: kind === "asset" || kind === "object" ? take("tab") : "", params };
}

export function formatPlace(place: Place): string {
  const { kind, area, address, tab, params } = place;
  const query = new URLSearchParams();
  let path = "/";
  if (kind === "find") path = "/find";
  else if (kind === "settings") path = tab ? `/settings/${tab.split("/").map(encode).join("/")}` : "/settings";
  else if (kind !== "home") path = `/${encode(area)}${address ? `/${address.split("/").map(encode).join("/")}` : ""}`;
  if (kind === "find" && params["q"] !== undefined) query.set("q", params["q"]);
  if (tab && kind === "find") query.set("as", tab);
  if (tab && (kind === "asset" || kind === "object")) query.set("tab", tab);
  for (const [name, value] of Object.entries(params)) if (!(kind === "find" && name === "q")) query.set(name, value);
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export const samePlace = (one: Place, other: Place): boolean => formatPlace(one) === formatPlace(other);

function texts(params: Record<string, unknown>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) =>
    [name, value === null || value === undefined || value === "" ? null : typeof value === "string" ? value : JSON.stringify(value)]));
}

/**
 * Where a target of the catalogue leads from here: what is missing stays as it is now, but a new address without `tab`
 * and `params` drops those. `area` is the one to take where here is none.
 */
export function follow(target: Target, here: Place, area: string): Place {
  const moves = target.address !== undefined || target.area !== undefined;
  const address = target.address !== undefined ? tidyAddress(target.address) : target.area !== undefined && here.area === "" ? "" : here.address;
  const base: Place = moves
    ? { kind: "area", area: target.area ?? (here.area || area), address, tab: "", params: {} }
    : { ...here, params: { ...here.params } };
  if (moves) {
    base.kind = kindOf(base.area, base.address);
    // The same address again is no new one: only what the target names changes.
    if (target.address !== undefined && base.address === here.address && base.area === here.area) {
      base.tab = here.tab;
      base.params = { ...here.params };
    }
  }
  if (target.tab !== undefined) {
    if (target.tab !== base.tab && target.params === undefined) base.params = {};
    base.tab = target.tab;
  }
  for (const [name, value] of Object.entries(texts(target.params ?? {}))) {
    if (value === null) delete base.params[name];
    else base.params[name] = value;
  }
  return base;
}

export interface AddressParts {
  project: string;
  asset: string;
  ref: string;
  /** Without a slash at its end. */
  path: string[];
  folder: boolean;
}

export function addressParts(address: string): AddressParts {
  const folder = address.endsWith("/");
  const [project = "", named = "", ...path] = address.split("/").filter((part) => part !== "");
  const at = named.indexOf("@");
  return {
    project,
    asset: at < 0 ? named : named.slice(0, at),
    ref: at < 0 ? "" : named.slice(at + 1),
    path,
    folder,
  };
}

export interface Crumb {
  text: string;
  place: Place;
}

/** The way here, part by part: workbench > project > asset > folder > file. */
export function crumbs(place: Place, workbench: string): Crumb[] {
  const way: Crumb[] = [{ text: workbench, place: HOME }];
  if (place.kind !== "area" && place.kind !== "asset" && place.kind !== "object") return way;
  const step = (text: string, address: string): void => {
    way.push({ text, place: { kind: kindOf(place.area, address), area: place.area, address, tab: "", params: {} } });
  };
  const { project, asset, ref, path, folder } = addressParts(place.address);
  if (project) step(project, project);
  if (!asset) return way;
  const root = `${project}/${asset}${ref ? `@${ref}` : ""}`;
  step(ref ? `${asset}@${ref}` : asset, root);
  path.forEach((part, index) => {
    const last = index === path.length - 1;
    step(part, `${root}/${path.slice(0, index + 1).join("/")}${last && !folder ? "" : "/"}`);
  });
  return way;
}
