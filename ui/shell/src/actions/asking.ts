// Who asks for a command, and what the person has to be asked before it runs. The server decides the same from its own
// records (`host/server/src/page/asking.rs`); what stands here decides what is drawn. Draws nothing itself.
import type { Action, Undo } from "../../../view/src/index.js";
import type { Command } from "../transport/http.js";
import type { OpenView } from "../views/views.js";

export interface Asker {
  /** The plug-in whose element asks; empty for the person's own word. */
  plugin: string;
  /** What the server is told of it, at the moment of sending: after a new connection a view has another id. */
  origin(): unknown;
}

/** The shell itself, on the person's word: the palette, a menu of its own. */
export const shell: Asker = { plugin: "", origin: () => "shell" };

/** What a plug-in left on the page outside of an open view: the outcome of its command, an undo of an earlier screen. */
export const ofPlugin = (plugin: string): Asker => ({ plugin, origin: () => ({ plugin }) });

export const ofView = (view: OpenView): Asker => ({
  plugin: view.surface.plugin,
  origin: () => (view.answeredId ? { view: view.answeredId } : { plugin: view.surface.plugin }),
});

/** An undo with the plug-in that offered it. */
export interface OfferedUndo extends Undo {
  asks: string;
}

export const offered = (undo: Undo | undefined, asker: Asker): OfferedUndo | undefined =>
  undo && asker.plugin ? { run: undo.run, arguments: undo.arguments, asks: asker.plugin } : undefined;

/** Whether a view asks for something that a plug-in other than its own would change. */
export const crosses = (asker: Asker, command: Command | undefined): boolean =>
  command !== undefined && asker.plugin !== "" && command.effect !== "read" && command.plugin !== asker.plugin;

/**
 * Whether the person is asked before this destroys something. An undo waives the question only where a plug-in takes back
 * its own command by another one of its own that changes something: for what others own, its word counts nothing.
 */
export function mustAsk(command: Command | undefined, undo: Undo | undefined, asker: Asker, find: (words: readonly string[]) => Command | undefined): boolean {
  if (command?.effect !== "destroy") return false;
  const back = undo && find(undo.run);
  return !(back && asker.plugin === command.plugin && back.plugin === command.plugin && back.effect !== "read");
}

/** What nobody chose (the answer to another action, or what is asked while one types) shows and reads, and no more. */
export function unasked(action: Action, command: Command | undefined): boolean {
  if (action.upload !== undefined) return true;
  return action.run !== undefined && command?.effect !== "read";
}
