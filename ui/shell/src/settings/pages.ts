// The settings of the shell itself: how it looks, its keys, what it is. Pages of plug-ins stand beside these.
import type { WordKey } from "../words/en.js";

export interface OwnPage {
  name: string;
  title: WordKey;
  icon: string;
}

export const OWN_PAGES: OwnPage[] = [
  { name: "appearance", title: "appearance", icon: "sun" },
  { name: "keys", title: "keys", icon: "keyboard" },
  { name: "about", title: "about", icon: "info" },
];
