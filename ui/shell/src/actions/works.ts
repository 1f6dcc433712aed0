// Work of this person that takes long: after ten seconds it goes on in the background, where it can be seen and stopped.
// What a plug-in announces as a task of its own is in the list of the server's tasks instead.
import { Store } from "../store.js";

export interface Work {
  id: number;
  title: string;
  since: number;
  stop(): void;
}

export const works = new Store<Work[]>([]);
let counter = 0;

/** Until the returned function is called. */
export function goesOn(title: string, since: number, stop: () => void): () => void {
  const work: Work = { id: ++counter, title, since, stop };
  works.update((all) => [...all, work]);
  return () => works.update((all) => all.filter((one) => one !== work));
}
