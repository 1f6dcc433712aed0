// What the view offers to those who show it. Import this once; it defines `kd-view` and brings the style along.
import "./view.css";
export * from "./catalogue.js";
export * from "./host.js";
export { icon } from "./parts/icon.js";
export { loadAll } from "./kinds.js";
export type { Patch } from "./model.js";
export { get, parts, put, resolve, resolveAction, same, touches, truthy, type Json, type Scope } from "./values.js";
export { KdView } from "./view.js";
export { setWords, words, type Words } from "./words.js";
