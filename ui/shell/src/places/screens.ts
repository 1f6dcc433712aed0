// Which surfaces make the screen of a place: areas, tabs, parts of home, interpretations of the box, pages of settings.
// All of it from the list of surfaces that the server sent; no feature is known by name here. Pure.
import { RESERVED, type Place } from "./place.js";

export interface Surface {
  plugin: string;
  name: string;
  slot: string;
  title: string;
  icon: string;
  order: number;
  fits: string[];
  /** How the cells of a column are drawn. */
  cells?: string;
}

export function inSlot(surfaces: readonly Surface[], slot: string): Surface[] {
  return surfaces
    .filter((surface) => surface.slot === slot)
    .sort((a, b) => a.order - b.order || a.title.localeCompare(b.title) || a.plugin.localeCompare(b.plugin));
}

/** Its name in URLs: the one the plug-in gave it, with the plug-in behind it where another came first. */
export function slug(surface: Surface, surfaces: readonly Surface[]): string {
  const same = inSlot(surfaces, surface.slot).filter(({ name }) => name === surface.name);
  const taken = surface.slot === "area" && RESERVED.has(surface.name);
  return !taken && same[0] === surface ? surface.name : `${surface.name}~${surface.plugin.replace("/", ".")}`;
}

export function bySlug(surfaces: readonly Surface[], slot: string, name: string): Surface | undefined {
  return inSlot(surfaces, slot).find((surface) => slug(surface, surfaces) === name);
}

/** How well a media type fits: 3 exactly, 2 by its family, 1 by `*` or no word at all, 0 not. */
export function fitsMedia(surface: Surface, mediaType: string): number {
  if (surface.fits.length === 0) return 1;
  const family = `${mediaType.split("/")[0]}/*`;
  return Math.max(...surface.fits.map((fit) => (fit === mediaType ? 3 : fit === family ? 2 : fit === "*/*" || fit === "*" ? 1 : 0)));
}

export interface Known {
  /** The kind of the asset, when it is known. */
  assetKind?: string | undefined;
  mediaType?: string | undefined;
}

export interface Screen {
  /** What can be chosen between; empty where there is one thing only. */
  tabs: Surface[];
  /** What is drawn, one below the other. */
  parts: Surface[];
  /** Why nothing is drawn. */
  missing?: "area" | "tab" | "nothing";
}

export function screenOf(place: Place, surfaces: readonly Surface[], known: Known = {}): Screen {
  switch (place.kind) {
    case "home": {
      const parts = inSlot(surfaces, "home");
      if (parts.length) return { tabs: [], parts };
      // Without a first screen of its own, the first area is the best there is.
      const area = inSlot(surfaces, "area")[0];
      return area ? { tabs: [], parts: [area] } : { tabs: [], parts: [], missing: "nothing" };
    }
    case "area": {
      const area = bySlug(surfaces, "area", place.area);
      return area ? { tabs: [], parts: [area] } : { tabs: [], parts: [], missing: "area" };
    }
    case "settings":
      return choose(inSlot(surfaces, "settings"), place.tab, surfaces);
    case "find": {
      const boxes = inSlot(surfaces, "box");
      if (place.tab) return choose(boxes, place.tab, surfaces);
      const chosen = interpret(place.params["q"] ?? "", boxes);
      return chosen ? { tabs: boxes, parts: [chosen] } : { tabs: [], parts: [], missing: "nothing" };
    }
    case "asset": {
      if (!bySlug(surfaces, "area", place.area)) return { tabs: [], parts: [], missing: "area" };
      const { assetKind } = known;
      const tabs = inSlot(surfaces, "asset-tab").filter(({ fits }) => !assetKind || fits.length === 0 || fits.includes(assetKind));
      return choose(tabs, place.tab, surfaces);
    }
    case "object": {
      if (!bySlug(surfaces, "area", place.area)) return { tabs: [], parts: [], missing: "area" };
      const media = known.mediaType ?? "application/octet-stream";
      const tabs = inSlot(surfaces, "object-tab")
        .map((surface) => ({ surface, fit: fitsMedia(surface, media) }))
        .filter(({ fit }) => fit > 0)
        .sort((a, b) => b.fit - a.fit)
        .map(({ surface }) => surface);
      return choose(tabs, place.tab, surfaces);
    }
  }
}

function choose(tabs: Surface[], name: string, surfaces: readonly Surface[]): Screen {
  if (tabs.length === 0) return { tabs, parts: [], missing: "nothing" };
  const chosen = name ? tabs.find((tab) => slug(tab, surfaces) === name) : tabs[0];
  return chosen ? { tabs, parts: [chosen] } : { tabs, parts: [], missing: "tab" };
}

/** What the one box makes of a text: the surface whose first words it starts with, else the one that takes the rest. */
export function interpret(text: string, boxes: readonly Surface[]): Surface | undefined {
  const start = text.trimStart().toLowerCase();
  const fitting = boxes
    .flatMap((box) => box.fits.map((fit) => ({ box, fit: fit.toLowerCase() })))
    .filter(({ fit }) => fit !== "" && start.startsWith(fit) && (!/\w$/.test(fit) || !/^\w/.test(start.slice(fit.length))))
    .sort((a, b) => b.fit.length - a.fit.length);
  return fitting[0]?.box ?? boxes.find(({ fits }) => fits.length === 0);
}
