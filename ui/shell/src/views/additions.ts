// What plug-ins add to the tables of others: columns and commands of the slots that are for what a table holds. All of it
// from the lists of surfaces and of commands; who owns the table is not known here, and neither is any feature by name.
import type { Held, MenuItem, ValueType } from "../../../view/src/catalogue.js";
import type { AddedColumn, AddedCommand } from "../../../view/src/host.js";
import { fitsMedia, inSlot, type Surface } from "../places/screens.js";
import type { Command } from "../transport/http.js";

// Those of a table's own come first, and there has to be room for them.
const COLUMNS = 4;

export type Fetch = (surface: Surface, addresses: string[], signal: AbortSignal) => Promise<unknown[]>;

const slotOf = (holds: Held, what: "column" | "action"): string => `${holds === "assets" ? "asset" : "object"}-${what}`;

const fits = (surface: Surface, holds: Held) => (is: string): boolean =>
  holds === "assets" ? surface.fits.length === 0 || surface.fits.includes(is) : fitsMedia(surface, is) > 0;

/** The columns that are added to a table that holds these. */
export function columnsOf(surfaces: readonly Surface[], holds: Held, fetch: Fetch): AddedColumn[] {
  return inSlot(surfaces, slotOf(holds, "column")).slice(0, COLUMNS).map((surface) => ({
    key: `${surface.plugin} ${surface.name}`,
    label: surface.title,
    type: (surface.cells || "text") as ValueType,
    by: surface.plugin,
    fits: fits(surface, holds),
    cells: (addresses, signal) => fetch(surface, addresses, signal),
  }));
}

/** The commands that are offered for its rows; each row has its address in the cell `key`. */
export function commandsOf(surfaces: readonly Surface[], commands: readonly Command[], holds: Held, key: string): AddedCommand[] {
  return inSlot(surfaces, slotOf(holds, "action")).flatMap((surface) => {
    const added = command(surface, commands, key);
    return added ? [{ ...added, fits: fits(surface, holds) }] : [];
  });
}

/** The entry for a command of the plug-in itself: its first argument is the row, what else it requires is asked. */
function command(surface: Surface, commands: readonly Command[], key: string): Omit<AddedCommand, "fits"> | undefined {
  const found = commands.find(({ plugin, name }) => plugin === surface.plugin && name.join("-") === surface.name);
  const [first, ...others] = found?.arguments ?? [];
  if (!found || !first) return undefined;
  const ask = others.filter(({ required }) => required).map(({ name }) => name);
  const item = (value: unknown): MenuItem => ({
    label: surface.title,
    ...(surface.icon ? { icon: surface.icon as NonNullable<MenuItem["icon"]> } : {}),
    ...(found.effect === "destroy" ? { tone: "bad" as const } : {}),
    action: { run: found.name, arguments: { [first.name]: value }, ...(ask.length ? { ask } : {}) },
  });
  const row = { $row: key };
  return { item: item(first.repeated ? [row] : row), ...(first.repeated ? { many: item({ $selection: key }) } : {}) };
}
