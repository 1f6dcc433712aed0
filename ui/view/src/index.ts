// What the view offers to those who show it. Import this once; it defines `kd-view` and brings the style along.
import "./view.css";
import "./nodes/core.js";
import { watchControls } from "./unseen.js";
export { legible, readsAs } from "./legible.js";
export { hold } from "./unseen.js";
export * from "./catalogue.js";
export type {
  ActionContext, CommandArgument, CommandDeclaration, RowsPage, SourceColumn, Statistic, ViewHost, Window,
} from "./host.js";
export * as format from "./format.js";
export { icon } from "./parts/icon.js";
export { loadAll } from "./kinds.js";
export type { Patch } from "./model.js";
export { get, offered, parts, put, resolve, resolveAction, same, touches, truthy, type Json, type Scope } from "./values.js";
export { KdView } from "./view.js";
export { english, setWords, words, type Words } from "./words.js";

watchControls(document);
