// Derived from wit/ui/catalogue.json by `npm run generate`: do not edit.
// What lives here: the types of the nodes of a view, and the shapes that the page checks them by.

export const VERSION = "0.1.0";
export const LIMITS = {"bytes":262144,"nodes":5000,"depth":24,"rows":200} as const;

export type Kind = "stack" | "text" | "heading" | "facts" | "table" | "code" | "image" | "hint" | "hits" | "facets" | "changes" | "commits" | "rows" | "row" | "grid" | "section" | "card" | "split" | "tabs" | "tab" | "details" | "divider" | "when" | "markdown" | "tags" | "link" | "breadcrumb" | "list" | "stat" | "json" | "hex" | "diff" | "compare-images" | "bars" | "chart" | "sparkline" | "audio" | "video" | "form" | "input" | "area" | "number" | "select" | "radio" | "combobox" | "checkbox" | "switch" | "date" | "range" | "editor" | "drop" | "button" | "menu" | "command" | "progress" | "empty" | "callout" | "steps";
export type Slot = "home" | "side" | "area" | "asset-tab" | "object-tab" | "box" | "asset-column" | "asset-action" | "object-column" | "object-action" | "settings";
export const SLOTS: Record<Slot, string> = {
  "home": "A part of the first screen, one below the other. Its address is empty.",
  "side": "A part of the bar at the side. Its address is that of the screen.",
  "area": "A whole area of the product, such as Data. Shown for an empty address and for a project.",
  "asset-tab": "A tab of an asset. Its address is `PROJECT/ASSET[@REF][/FOLDER/]`; `fits` are kinds of assets.",
  "object-tab": "A tab of an object. Its address is `PROJECT/ASSET[@REF]/PATH`; `fits` are media types.",
  "box": "What the one box can make of a text. Opened with the param `q`; `fits` are the first words that a text for it starts with, and the one without any takes the rest.",
  "asset-column": "A column of the lists of assets. `cells` answers the cells of the rows that are seen; its address is that of the list; `fits` are kinds of assets.",
  "asset-action": "A command of the plug-in that the lists of assets offer for a row, and for many where it takes many. `name` is the words of the command joined by `-`; its first argument gets the address, and the person is asked for the others that it requires; `fits` are kinds of assets.",
  "object-column": "A column of the lists of objects, as `asset-column`; `fits` are media types.",
  "object-action": "A command for the lists of objects, as `asset-action`; `fits` are media types.",
  "settings": "A page of the settings."
};

/** One node of a view. */
export interface Node {
  id: string;
  kind: string;
  props: Record<string, unknown>;
  children?: string[];
}

/** What a text says about its subject. */
export type Tone = "normal" | "muted" | "good" | "warning" | "bad";

/** A label and its value. */
export interface Fact {
  label: string;
  value: string;
}

/** At which side of its column a value stands. */
export type Align = "start" | "end";

/** `bytes`, `count` are integers, `number` is any number, `time` is milliseconds since 1970 UTC, `tags` is a list of words, `path` is shortened in its middle, `duration` is milliseconds. */
export type ValueType = "text" | "bytes" | "count" | "number" | "time" | "tags" | "path" | "duration" | "boolean";

/** One column of a table. */
export interface Column {
  key: string;
  label: string;
  align?: Align;
  type?: ValueType;
  /** Whether rows can be put in the order of it. */
  sortable?: boolean;
  /** Whether its cell leads to the place `row.$open` (a target), so that a click opens it. */
  open?: boolean;
  width?: Size;
}

/** What the rows of a table are about: the slots `asset-column` and `asset-action` are for the one, `object-column` and `object-action` for the other. */
export type Held = "assets" | "objects";

/** A piece of text and whether it matched. */
export interface FragmentPart {
  text: string;
  matched: boolean;
}

/** The best piece of one field. */
export interface Fragment {
  field: string;
  parts: FragmentPart[];
}

/** One thing that was found. */
export interface Hit {
  title: string;
  address: string;
  /** `asset`, `object` or `column`. */
  kind: string;
  summary?: string;
  tags?: string[];
  fragments?: Fragment[];
  /** Where it leads. */
  open?: Target;
}

/** One value of a field and how many of the found things have it. */
export interface FacetValue {
  value: string;
  count: number;
  /** What choosing it does. */
  action?: Action;
  /** Whether the list is narrowed by it. */
  chosen?: boolean;
}

/** One field and its values. */
export interface Facet {
  field: string;
  values: FacetValue[];
}

/** What happened to an object. */
export type ChangeKind = "added" | "modified" | "removed";

/** One object that differs. */
export interface Change {
  path: string;
  kind: ChangeKind;
  /** Its size before, in bytes; missing when it was added. */
  before?: number;
  /** Its size after, in bytes; missing when it was removed. */
  after?: number;
  /** What choosing it does. */
  action?: Action;
  /** What else can be done with it. */
  actions?: MenuItem[];
}

/** One commit of a history. */
export interface Commit {
  id: string;
  message: string;
  author: string;
  /** Milliseconds since 1970, UTC. */
  created: number;
  objects: number;
  /** Bytes. */
  size: number;
  /** Branches and versions that stand for it. */
  names?: string[];
  /** What choosing it does. */
  action?: Action;
  /** What else can be done with it. */
  actions?: MenuItem[];
}

/** One column of a query's rows. */
export interface RowColumn {
  name: string;
  /** A SQL type. */
  type: string;
}

/** A picture of the set that comes with the page. */
export type Icon = "add" | "asset" | "audio" | "branch" | "chart" | "check" | "chevron-down" | "chevron-left" | "chevron-right" | "close" | "code" | "column" | "commit" | "copy" | "database" | "delete" | "download" | "edit" | "error" | "file" | "filter" | "folder" | "help" | "history" | "home" | "image" | "info" | "keyboard" | "link" | "list" | "menu" | "model" | "more" | "moon" | "pause" | "play" | "plugin" | "project" | "query" | "redo" | "refresh" | "restore" | "retry" | "rows" | "save" | "search" | "settings" | "shield" | "sort-down" | "sort-up" | "split" | "star" | "stop" | "sun" | "table" | "tag" | "task" | "text" | "undo" | "upload" | "user" | "version" | "warning";

/** What happens when a person chooses something. Exactly one of `run`, `open`, `act`, `set`, `upload`, `download`, `copy` is there. A value of `arguments` or `set` is any JSON; in it `{"$data": POINTER}` stands for a value of the data model, `{"$row": KEY}` for a cell of the row that the action belongs to, `{"$selection": KEY}` for the cells of all selected rows, `{"$value": true}` for what the input holds now. */
export interface Action {
  /** The words of a command of some plug-in: the page runs it, asks before a `destroy`, shows errors and progress. */
  run?: string[];
  /** Arguments of `run` or `act`, by name; values as in `value`. */
  arguments?: Record<string, unknown>;
  /** Arguments of `run` that the page asks the person for first, in a form that it makes of the command's declaration. */
  ask?: string[];
  /** What is lost, in one or two sentences: the page asks the person before it does what no `undo` takes back. */
  confirm?: string;
  /** Go to another place. */
  open?: Target;
  /** The name that the plug-in's own `action` is called with. */
  act?: string;
  /** Values to put into the data model, by JSON pointer; no call is made unless `reopen`. */
  set?: Record<string, unknown>;
  /** With `set`: the plug-in draws the surface again with the new data. */
  reopen?: boolean;
  /** Choose files of this machine and send them to `PROJECT/ASSET[@BRANCH][/FOLDER]`. Its `undo` is offered when none of them replaced another; `{addresses}` in it stands for the list of what arrived. */
  upload?: string;
  /** Save the object `PROJECT/ASSET[@REF]/PATH`. */
  download?: string;
  /** Put this text on the clipboard. */
  copy?: string;
  /** How to take it back; offered for ten seconds and in the list of what was done. */
  undo?: Undo;
  /** One sentence for when it worked; `{NAME}` stands for a field of the outcome's data, or an argument. */
  done?: string;
  /** Where to go when it worked; `{NAME}` in its strings stands for a field of the outcome's data. */
  then?: Target;
}

/** The command that takes an action back. */
export interface Undo {
  run: string[];
  arguments: Record<string, unknown>;
}

/** A place of the page. What is missing stays as it is now, but a new address without `tab` and `params` drops those. */
export interface Target {
  /** The name of an area's offer. */
  area?: string;
  /** `PROJECT/ASSET@REF/PATH` or less of it; empty for the top. */
  address?: string;
  /** The name of the offer among the tabs of an asset or object. */
  tab?: string;
  /** What else the link says; a null takes one away. */
  params?: Record<string, unknown>;
}

/** Where rows come from. The page fetches the windows that it shows, under the rights of the person; nothing of it passes through the plug-in but for `rows`. Exactly one is there. */
export interface Source {
  /** A name that the plug-in's own `rows` is called with. */
  rows?: string;
  /** A table object: `PROJECT/ASSET[@REF]/PATH`. */
  object?: string;
  /** The result of a query, by the id that `sql.hand-over` answered. */
  result?: string;
}

/** One entry of a menu. */
export interface MenuItem {
  label: string;
  icon?: Icon;
  action: Action;
  tone?: Tone;
}

/** One bar of a chart. */
export interface Bar {
  label: string;
  value: number;
  action?: Action;
}

/** One line of a chart. */
export interface Series {
  label: string;
  /** One for each x; null is a gap. */
  values: (number | null)[];
}

/** How much room it takes of what there is. */
export type Size = "small" | "medium" | "large";

/** The distance between children. */
export type Gap = "none" | "small" | "medium" | "large";

/** How much a button stands out; at most one `primary` a view. */
export type Weight = "primary" | "normal" | "quiet" | "danger";

/** What the page checks before anything is sent. */
export interface Validation {
  /** Must not be empty. */
  required?: boolean;
  minimum?: number;
  maximum?: number;
  /** Characters. */
  "max-length"?: number;
  pattern?: Shape;
}

/** What is wrong in a text, and where; both count from 1. */
export interface TextProblem {
  line: number;
  column: number;
  message: string;
}

/** One part of a way. */
export interface Crumb {
  text: string;
  open?: Target;
}

/** One thing of a list. */
export interface Item {
  title: string;
  /** A second line. */
  note?: string;
  /** A few words at the far end. */
  end?: string;
  icon?: Icon;
  tags?: string[];
  open?: Target;
  /** Whether it is where the person is. */
  current?: boolean;
  actions?: MenuItem[];
}

/** One step. */
export interface Step {
  title: string;
  text?: string;
  /** Whether it is behind us. */
  done?: boolean;
  action?: Action;
}

/** One thing to choose. */
export interface Choice {
  value: string;
  label: string;
  /** A few words more. */
  note?: string;
}

/** How many rows can be chosen. */
export type SelectMode = "none" | "one" | "many";

/** Where the narrow one of two stands. */
export type Side = "start" | "end";

/** A shape of text that the page can check. */
export type Shape = "name" | "path" | "tag";

/** Its children, one below the other. */
export interface StackProps {
  gap?: Gap;
}

/** A sentence or a paragraph. */
export interface TextProps {
  text: string;
  tone?: Tone;
  /** Whether it stands out. */
  strong?: boolean;
  /** JSON pointer of a value of the data model to show instead. */
  bind?: string;
}

/** The title of what follows. */
export interface HeadingProps {
  text: string;
  /** 1 is the title of the screen. */
  level?: number;
}

/** Labels with a value each. */
export interface FactsProps {
  items: Fact[];
}

/** Rows under columns. Values are typed by their column, so that the client formats them. */
export interface TableProps {
  /** May be missing with a source that tells its own columns. */
  columns?: Column[];
  /** Each row by the keys of the columns; a key that is missing is an empty cell. */
  rows?: Record<string, unknown>[];
  /** What to say when there are no rows. */
  empty?: string;
  /** Where rows come from when they are not in `rows`; then the table is as long as it has rows, and only what is seen is fetched. */
  source?: Source;
  /** What the table is, for whoever cannot see it. */
  label?: string;
  select?: SelectMode;
  /** JSON pointer where the `key` cells of the selected rows are kept. */
  bind?: string;
  /** The column that names a row, for selection and updates. */
  key?: string;
  /** What can be done with one row; its `$row` values come from that row. A row that lacks a value which an entry names is not offered that entry. */
  "row-actions"?: MenuItem[];
  /** What can be done with the selected rows. */
  actions?: MenuItem[];
  /** Placeholder of a field that narrows the rows; missing: none. */
  filter?: string;
  /** Whether small statistics of each column are shown in the head, when the source has them. */
  statistics?: boolean;
  /** The id of a child to show when there are no rows. */
  "empty-view"?: string;
  /** What its rows are about, so that other plug-ins add columns and commands to them. The cell that `key` names is then the address, and the cell `$is` the kind of the asset or the media type of the object; a row without `$is`, such as a folder, is left as it is. */
  holds?: Held;
}

/** Text in which each character has its place. */
export interface CodeProps {
  text: string;
  /** Such as `json` or `python`; `text` when it is none. */
  language?: string;
  /** The number of the first line shown. */
  "first-line"?: number;
}

/** A picture. The client fetches it from its address under the rights of the person. */
export interface ImageProps {
  /** `PROJECT/ASSET[@REF]/PATH` */
  source: string;
  /** Pixels. */
  width?: number;
  /** Pixels. */
  height?: number;
  /** What it shows, for whoever cannot see it. */
  alt: string;
  /** Whether it can be looked at closely. */
  zoom?: boolean;
}

/** What to do next. */
export interface HintProps {
  text: string;
  /** The command line that does it, with `kamld` in front. */
  command?: string;
}

/** What a search found, best first. */
export interface HitsProps {
  items: Hit[];
  /** How many there are in all. */
  total: number;
}

/** How the found things divide, field by field. */
export interface FacetsProps {
  items: Facet[];
}

/** Objects that were added, modified or removed. */
export interface ChangesProps {
  items: Change[];
  /** Hand it back for the changes that follow; missing when these are all. */
  next?: string;
}

/** A history, newest first. */
export interface CommitsProps {
  items: Commit[];
}

/** The rows of a query. The client streams them from the host by the id of the result. */
export interface RowsProps {
  /** The id that `sql.hand-over` answered. */
  result: string;
  columns: RowColumn[];
  /** The query. */
  text?: string;
  /** Whether a chart of it is offered. */
  chart?: boolean;
}

/** Its children beside each other; they wrap where there is no room. */
export interface RowProps {
  gap?: Gap;
  /** The last child goes to the far end. */
  spread?: boolean;
}

/** Its children in as many columns as fit. */
export interface GridProps {
  cell?: Size;
}

/** A part of a screen under a title of its own. */
export interface SectionProps {
  title: string;
  /** One sentence under the title. */
  note?: string;
  /** Buttons beside the title. */
  actions?: MenuItem[];
}

/** Things that belong together, set apart. */
export interface CardProps {
  title?: string;
  /** What choosing the card does. */
  action?: Action;
}

/** Two children side by side, the second beside the first where there is room and below it where not. */
export interface SplitProps {
  side?: Side;
}

/** Its children one at a time; each must be a `tab`. */
export interface TabsProps {
  /** JSON pointer of the chosen tab's name in the data model. */
  bind?: string;
}

/** One of `tabs`. */
export interface TabProps {
  name: string;
  title: string;
  icon?: Icon;
}

/** Its children, hidden until they are asked for. */
export interface DetailsProps {
  summary: string;
  /** Whether they are shown from the start. */
  open?: boolean;
}

/** A line between what is above and what is below. */
export interface DividerProps {
}

/** Its children, while a value of the data model is as it says. */
export interface WhenProps {
  /** JSON pointer. */
  bind: string;
  /** What the value must be; missing: anything but false, empty or null. */
  is?: unknown;
}

/** Markdown (CommonMark, tables, task lists) drawn safely: no HTML, no scripts, pictures only from the asset. */
export interface MarkdownProps {
  text: string;
  /** The address that relative links start from. */
  base?: string;
}

/** Words that describe something; with `add` and `remove` they can be changed in place. */
export interface TagsProps {
  items: string[];
  /** Adds the word in `{"$value": true}`. */
  add?: Action;
  /** Takes the word in `{"$value": true}` away. */
  remove?: Action;
}

/** Leads to another place of the page. */
export interface LinkProps {
  text: string;
  open: Target;
  icon?: Icon;
  /** A few words after it. */
  note?: string;
  /** Whether it is where the person is. */
  current?: boolean;
}

/** The way to a folder, part by part. */
export interface BreadcrumbProps {
  items: Crumb[];
}

/** Things one below the other, each a row of its own. */
export interface ListProps {
  items: Item[];
  /** What to say when there are none. */
  empty?: string;
  /** What the list is. */
  label?: string;
}

/** One number that matters. */
export interface StatProps {
  label: string;
  value: number | string;
  type?: ValueType;
  /** A few words under it. */
  note?: string;
  tone?: Tone;
}

/** A JSON value that folds. */
export interface JsonProps {
  /** The JSON. */
  text: string;
  /** How many levels are open at first. */
  depth?: number;
}

/** Bytes as they are. */
export interface HexProps {
  /** `PROJECT/ASSET[@REF]/PATH`; the page fetches what is seen. */
  object: string;
  /** Bytes in all. */
  size: number;
}

/** Two texts side by side, with what differs marked. */
export interface DiffProps {
  before: string;
  after: string;
  "before-title"?: string;
  "after-title"?: string;
}

/** Two pictures beside each other. */
export interface CompareImagesProps {
  /** Address, empty when there is none. */
  before: string;
  /** Address, empty when there is none. */
  after: string;
  alt: string;
}

/** Numbers as bars, for comparing. */
export interface BarsProps {
  items: Bar[];
  /** What it shows. */
  label: string;
  type?: ValueType;
}

/** Numbers over a line of numbers or times. */
export interface ChartProps {
  x: number[];
  "x-type"?: ValueType;
  series: Series[];
  /** What it shows. */
  label: string;
}

/** Numbers as a line as high as a word. */
export interface SparklineProps {
  values: number[];
  /** What it shows. */
  label: string;
}

/** Sound, with a player. */
export interface AudioProps {
  /** `PROJECT/ASSET[@REF]/PATH` */
  source: string;
  label: string;
}

/** Moving pictures, with a player. */
export interface VideoProps {
  /** `PROJECT/ASSET[@REF]/PATH` */
  source: string;
  label: string;
}

/** Inputs that are sent together. */
export interface FormProps {
  action: Action;
  /** What the button says. */
  submit: string;
}

/** A line of text. */
export interface InputProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  check?: Validation;
  placeholder?: string;
}

/** Text of many lines. */
export interface AreaProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  check?: Validation;
  /** How high it is. */
  rows?: number;
}

/** A number. */
export interface NumberProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  check?: Validation;
  unit?: string;
}

/** One out of a few. */
export interface SelectProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  check?: Validation;
  options: Choice[];
  /** Runs when another one is chosen. */
  change?: Action;
}

/** One out of a few, all of them to be seen. */
export interface RadioProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  check?: Validation;
  options: Choice[];
}

/** One out of many, found by typing. */
export interface ComboboxProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  check?: Validation;
  options: Choice[];
  /** Whether anything else may be typed. */
  free?: boolean;
}

/** Yes or no. */
export interface CheckboxProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  check?: Validation;
}

/** On or off, at once. */
export interface SwitchProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  /** Runs when it is switched; its new value is `{"$value": true}`. */
  change?: Action;
}

/** A day. */
export interface DateProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  check?: Validation;
}

/** A number between two others. */
export interface RangeProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  minimum: number;
  maximum: number;
  step?: number;
}

/** A text in some language, with its colours. */
export interface EditorProps {
  label: string;
  /** One sentence under it. */
  help?: string;
  /** JSON pointer of its value in the data model. */
  bind: string;
  check?: Validation;
  /** Such as `toml`, `sql`, `json`. */
  language?: string;
  /** How high it is. */
  rows?: number;
  /** What is wrong in it, marked at its place. */
  problem?: TextProblem;
  /** The name that the plug-in's own `action` is called with while the person types, with `text` and `cursor`: it puts `[{text, kind, detail, from, to}]` at `/completions` of the data model, and `text` takes the place of what stands from `from` to before `to`. Places are counted in UTF-16 code units. */
  complete?: string;
}

/** A place where files can be dropped or chosen. */
export interface DropProps {
  /** `PROJECT/ASSET[@BRANCH][/FOLDER]` */
  to: string;
  text: string;
  /** As of an action that uploads. */
  undo?: Undo;
}

/** Does something. */
export interface ButtonProps {
  text: string;
  icon?: Icon;
  action: Action;
  weight?: Weight;
  /** More words, on demand. */
  help?: string;
}

/** A button that shows more to choose. */
export interface MenuProps {
  text: string;
  icon?: Icon;
  items: MenuItem[];
}

/** The form of a command, made of its declaration. */
export interface CommandProps {
  run: string[];
  arguments?: Record<string, unknown>;
}

/** How far something is. */
export interface ProgressProps {
  label: string;
  done: number;
  /** Missing while it is not known. */
  total?: number;
  type?: ValueType;
}

/** What to say where there is nothing yet, and the way on. */
export interface EmptyProps {
  title: string;
  text?: string;
  icon?: Icon;
  actions?: MenuItem[];
}

/** Something the person should know. */
export interface CalloutProps {
  text: string;
  title?: string;
  tone?: Tone;
  actions?: MenuItem[];
}

/** What to do one after the other, and what is done. */
export interface StepsProps {
  items: Step[];
}

export interface PropsByKind {
  stack: StackProps;
  text: TextProps;
  heading: HeadingProps;
  facts: FactsProps;
  table: TableProps;
  code: CodeProps;
  image: ImageProps;
  hint: HintProps;
  hits: HitsProps;
  facets: FacetsProps;
  changes: ChangesProps;
  commits: CommitsProps;
  rows: RowsProps;
  row: RowProps;
  grid: GridProps;
  section: SectionProps;
  card: CardProps;
  split: SplitProps;
  tabs: TabsProps;
  tab: TabProps;
  details: DetailsProps;
  divider: DividerProps;
  when: WhenProps;
  markdown: MarkdownProps;
  tags: TagsProps;
  link: LinkProps;
  breadcrumb: BreadcrumbProps;
  list: ListProps;
  stat: StatProps;
  json: JsonProps;
  hex: HexProps;
  diff: DiffProps;
  "compare-images": CompareImagesProps;
  bars: BarsProps;
  chart: ChartProps;
  sparkline: SparklineProps;
  audio: AudioProps;
  video: VideoProps;
  form: FormProps;
  input: InputProps;
  area: AreaProps;
  number: NumberProps;
  select: SelectProps;
  radio: RadioProps;
  combobox: ComboboxProps;
  checkbox: CheckboxProps;
  switch: SwitchProps;
  date: DateProps;
  range: RangeProps;
  editor: EditorProps;
  drop: DropProps;
  button: ButtonProps;
  menu: MenuProps;
  command: CommandProps;
  progress: ProgressProps;
  empty: EmptyProps;
  callout: CalloutProps;
  steps: StepsProps;
}

/** Kinds that draw their children. */
export const PARENTS: ReadonlySet<string> = new Set(["stack","table","row","grid","section","card","split","tabs","tab","details","when","form"]);

/** s string, n number, i integer, b boolean, o object, 0 null, * anything, [X a list of X, #NAME one of SHAPES, ! required. */
export type Rule = Readonly<Record<string, string>> | readonly string[];

export const KINDS: Readonly<Record<string, Record<string, string>>> = {
  stack: { gap: "#gap" },
  text: { text: "s!", tone: "#tone", strong: "b", bind: "s" },
  heading: { text: "s!", level: "i" },
  facts: { items: "[#fact!" },
  table: { columns: "[#column", rows: "[o", empty: "s", source: "#source", label: "s", select: "#select-mode", bind: "s", key: "s", "row-actions": "[#menu-item", actions: "[#menu-item", filter: "s", statistics: "b", "empty-view": "s", holds: "#held" },
  code: { text: "s!", language: "s", "first-line": "i" },
  image: { source: "s!", width: "i", height: "i", alt: "s!", zoom: "b" },
  hint: { text: "s!", command: "s" },
  hits: { items: "[#hit!", total: "i!" },
  facets: { items: "[#facet!" },
  changes: { items: "[#change!", next: "s" },
  commits: { items: "[#commit!" },
  rows: { result: "s!", columns: "[#row-column!", text: "s", chart: "b" },
  row: { gap: "#gap", spread: "b" },
  grid: { cell: "#size" },
  section: { title: "s!", note: "s", actions: "[#menu-item" },
  card: { title: "s", action: "#action" },
  split: { side: "#side" },
  tabs: { bind: "s" },
  tab: { name: "s!", title: "s!", icon: "#icon" },
  details: { summary: "s!", open: "b" },
  divider: {},
  when: { bind: "s!", is: "*" },
  markdown: { text: "s!", base: "s" },
  tags: { items: "[s!", add: "#action", remove: "#action" },
  link: { text: "s!", open: "#target!", icon: "#icon", note: "s", current: "b" },
  breadcrumb: { items: "[#crumb!" },
  list: { items: "[#item!", empty: "s", label: "s" },
  stat: { label: "s!", value: "ns!", type: "#value-type", note: "s", tone: "#tone" },
  json: { text: "s!", depth: "i" },
  hex: { object: "s!", size: "i!" },
  diff: { before: "s!", after: "s!", "before-title": "s", "after-title": "s" },
  "compare-images": { before: "s!", after: "s!", alt: "s!" },
  bars: { items: "[#bar!", label: "s!", type: "#value-type" },
  chart: { x: "[n!", "x-type": "#value-type", series: "[#series!", label: "s!" },
  sparkline: { values: "[n!", label: "s!" },
  audio: { source: "s!", label: "s!" },
  video: { source: "s!", label: "s!" },
  form: { action: "#action!", submit: "s!" },
  input: { label: "s!", help: "s", bind: "s!", check: "#validation", placeholder: "s" },
  area: { label: "s!", help: "s", bind: "s!", check: "#validation", rows: "i" },
  number: { label: "s!", help: "s", bind: "s!", check: "#validation", unit: "s" },
  select: { label: "s!", help: "s", bind: "s!", check: "#validation", options: "[#choice!", change: "#action" },
  radio: { label: "s!", help: "s", bind: "s!", check: "#validation", options: "[#choice!" },
  combobox: { label: "s!", help: "s", bind: "s!", check: "#validation", options: "[#choice!", free: "b" },
  checkbox: { label: "s!", help: "s", bind: "s!", check: "#validation" },
  switch: { label: "s!", help: "s", bind: "s!", change: "#action" },
  date: { label: "s!", help: "s", bind: "s!", check: "#validation" },
  range: { label: "s!", help: "s", bind: "s!", minimum: "n!", maximum: "n!", step: "n" },
  editor: { label: "s!", help: "s", bind: "s!", check: "#validation", language: "s", rows: "i", problem: "#text-problem", complete: "s" },
  drop: { to: "s!", text: "s!", undo: "#undo" },
  button: { text: "s!", icon: "#icon", action: "#action!", weight: "#weight", help: "s" },
  menu: { text: "s!", icon: "#icon", items: "[#menu-item!" },
  command: { run: "[s!", arguments: "o" },
  progress: { label: "s!", done: "n!", total: "n", type: "#value-type" },
  empty: { title: "s!", text: "s", icon: "#icon", actions: "[#menu-item" },
  callout: { text: "s!", title: "s", tone: "#tone", actions: "[#menu-item" },
  steps: { items: "[#step!" },
};

export const SHAPES: Readonly<Record<string, Rule>> = {
  tone: ["normal","muted","good","warning","bad"],
  fact: { label: "s!", value: "s!" },
  align: ["start","end"],
  "value-type": ["text","bytes","count","number","time","tags","path","duration","boolean"],
  column: { key: "s!", label: "s!", align: "#align", type: "#value-type", sortable: "b", open: "b", width: "#size" },
  held: ["assets","objects"],
  "fragment-part": { text: "s!", matched: "b!" },
  fragment: { field: "s!", parts: "[#fragment-part!" },
  hit: { title: "s!", address: "s!", kind: "s!", summary: "s", tags: "[s", fragments: "[#fragment", open: "#target" },
  "facet-value": { value: "s!", count: "i!", action: "#action", chosen: "b" },
  facet: { field: "s!", values: "[#facet-value!" },
  "change-kind": ["added","modified","removed"],
  change: { path: "s!", kind: "#change-kind!", before: "i", after: "i", action: "#action", actions: "[#menu-item" },
  commit: { id: "s!", message: "s!", author: "s!", created: "i!", objects: "i!", size: "i!", names: "[s", action: "#action", actions: "[#menu-item" },
  "row-column": { name: "s!", type: "s!" },
  icon: ["add","asset","audio","branch","chart","check","chevron-down","chevron-left","chevron-right","close","code","column","commit","copy","database","delete","download","edit","error","file","filter","folder","help","history","home","image","info","keyboard","link","list","menu","model","more","moon","pause","play","plugin","project","query","redo","refresh","restore","retry","rows","save","search","settings","shield","sort-down","sort-up","split","star","stop","sun","table","tag","task","text","undo","upload","user","version","warning"],
  action: { run: "[s", arguments: "o", ask: "[s", confirm: "s", open: "#target", act: "s", set: "o", reopen: "b", upload: "s", download: "s", copy: "s", undo: "#undo", done: "s", then: "#target" },
  undo: { run: "[s!", arguments: "o!" },
  target: { area: "s", address: "s", tab: "s", params: "o" },
  source: { rows: "s", object: "s", result: "s" },
  "menu-item": { label: "s!", icon: "#icon", action: "#action!", tone: "#tone" },
  bar: { label: "s!", value: "n!", action: "#action" },
  series: { label: "s!", values: "[n0!" },
  size: ["small","medium","large"],
  gap: ["none","small","medium","large"],
  weight: ["primary","normal","quiet","danger"],
  validation: { required: "b", minimum: "n", maximum: "n", "max-length": "i", pattern: "#shape" },
  "text-problem": { line: "i!", column: "i!", message: "s!" },
  crumb: { text: "s!", open: "#target" },
  item: { title: "s!", note: "s", end: "s", icon: "#icon", tags: "[s", open: "#target", current: "b", actions: "[#menu-item" },
  step: { title: "s!", text: "s", done: "b", action: "#action" },
  choice: { value: "s!", label: "s!", note: "s" },
  "select-mode": ["none","one","many"],
  side: ["start","end"],
  shape: ["name","path","tag"],
};
