// Places, URLs, and which surfaces make a screen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./pure.mjs";
import { surfaces as mockSurfaces } from "./screens.mjs";

const { parsePlace, formatPlace, follow, crumbs, kindOf, tidyAddress } = await load("places/place.ts");
const { screenOf, interpret, slug, inSlot, fitsMedia } = await load("places/screens.ts");
const surfaces = mockSurfaces();
const boxes = inSlot(surfaces, "box");

test("every place survives the way into a URL and back", () => {
  const urls = ["/", "/data", "/data/birds", "/data/birds/strikes", "/data/birds/strikes@v1", "/data/birds/strikes/2019/", "/data/birds/strikes@v1/2019/", "/data/birds/strikes/2019/jan.csv?tab=table",
    "/data/birds/strikes?tab=history&from=v1&to=main", "/find?q=wind+turbine", "/find?q=select+1&as=sql&page=2", "/settings", "/settings/appearance", "/data/birds/strikes/a%20b%25%23.csv", "/data/birds/strikes/a@2x.png"];
  for (const url of urls) assert.equal(formatPlace(parsePlace(`http://x${url}`)), url);
});

test("a trailing slash is a folder in an asset, and nothing before it", () => {
  assert.equal(parsePlace("http://x/data/birds/").address, "birds");
  assert.equal(parsePlace("http://x/data/birds/strikes/").address, "birds/strikes");
  assert.equal(parsePlace("http://x/data/birds/strikes/a/").kind, "asset");
  assert.equal(parsePlace("http://x/data/birds/strikes/a").kind, "object");
  assert.equal(tidyAddress("//birds//strikes/a//"), "birds/strikes/a/");
  assert.equal(kindOf("data", ""), "area");
});

test("a URL that nobody wrote right still is a place", () => {
  assert.doesNotThrow(() => parsePlace("http://x/data/%E0%A4%A/b"));
  assert.equal(parsePlace("http://x//data//birds").address, "birds");
});

test("a target keeps what it does not name, and a new address drops tab and params", () => {
  const here = parsePlace("http://x/data/birds/strikes?tab=history&from=v1");
  assert.equal(formatPlace(follow({ params: { to: "main" } }, here, "data")), "/data/birds/strikes?tab=history&from=v1&to=main");
  assert.equal(formatPlace(follow({ params: { from: null } }, here, "data")), "/data/birds/strikes?tab=history");
  assert.equal(formatPlace(follow({ address: "birds/songs" }, here, "data")), "/data/birds/songs");
  assert.equal(formatPlace(follow({ address: "birds/songs", tab: "files", params: { a: 1 } }, here, "data")), "/data/birds/songs?tab=files&a=1");
  assert.equal(formatPlace(follow({ tab: "files" }, here, "data")), "/data/birds/strikes?tab=files");
  assert.equal(formatPlace(follow({ address: "birds/strikes" }, here, "data")), "/data/birds/strikes?tab=history&from=v1");
  assert.equal(formatPlace(follow({ area: "development" }, here, "data")), "/development/birds/strikes");
  assert.equal(formatPlace(follow({ address: "" }, here, "data")), "/data");
  assert.equal(formatPlace(follow({ address: "birds/songs" }, parsePlace("http://x/find?q=a"), "data")), "/data/birds/songs");
  assert.equal(formatPlace(follow({ params: { q: "b" } }, parsePlace("http://x/find?q=a&as=sql"), "data")), "/find?q=b&as=sql");
});

test("the way here names each part once, and each leads somewhere", () => {
  const way = crumbs(parsePlace("http://x/data/birds/strikes@v1/2019/jan.csv"), "workbench");
  assert.deepEqual(way.map(({ text }) => text), ["workbench", "birds", "strikes@v1", "2019", "jan.csv"]);
  assert.deepEqual(way.map(({ place }) => formatPlace(place)), ["/", "/data/birds", "/data/birds/strikes@v1", "/data/birds/strikes@v1/2019/", "/data/birds/strikes@v1/2019/jan.csv"]);
});

test("first words choose the interpretation, the rest takes the one without any", () => {
  assert.equal(interpret("select * from a", boxes).name, "sql");
  assert.equal(interpret("  SELECT 1", boxes).name, "sql");
  assert.equal(interpret("selection of birds", boxes).name, "search");
  assert.equal(interpret("wind turbine", boxes).name, "search");
  assert.equal(interpret("", boxes).name, "search");
});

test("previews are offered best fitting first, then the generic ones", () => {
  const place = parsePlace("http://x/data/birds/strikes/2019.csv");
  const tabs = (mediaType) => screenOf(place, surfaces, { mediaType }).tabs.map(({ name }) => name);
  assert.deepEqual(tabs("text/csv"), ["table", "text", "facts"]);
  assert.deepEqual(tabs("text/plain"), ["text", "facts"]);
  assert.deepEqual(tabs("image/png"), ["facts"]);
  assert.equal(fitsMedia({ fits: ["*/*"] }, "image/png"), 1);
});

test("tabs of an asset fit its kind when that is known, and all are shown when not", () => {
  const place = parsePlace("http://x/data/birds/strikes");
  const some = [...surfaces, { plugin: "a/b", name: "weights", slot: "asset-tab", title: "Weights", icon: "", order: 3, fits: ["model"] }];
  assert.deepEqual(screenOf(place, some).tabs.map(({ name }) => name), ["files", "history", "weights"]);
  assert.deepEqual(screenOf(place, some, { assetKind: "dataset" }).tabs.map(({ name }) => name), ["files", "history"]);
});

test("what a link names and nobody draws is said to be missing", () => {
  assert.equal(screenOf(parsePlace("http://x/nothing"), surfaces).missing, "area");
  assert.equal(screenOf(parsePlace("http://x/data/birds/strikes?tab=no"), surfaces).missing, "tab");
  assert.equal(screenOf(parsePlace("http://x/"), []).missing, "nothing");
});

test("two plug-ins may give the same name; the second has its plug-in in the URL, and reserved words are nobody's", () => {
  const twice = [{ plugin: "a/a", name: "data", slot: "area", title: "A", icon: "", order: 1, fits: [] }, { plugin: "b/b", name: "data", slot: "area", title: "B", icon: "", order: 2, fits: [] }, { plugin: "c/c", name: "settings", slot: "area", title: "C", icon: "", order: 3, fits: [] }];
  assert.deepEqual(twice.map((one) => slug(one, twice)), ["data", "data~b.b", "settings~c.c"]);
  assert.equal(screenOf(parsePlace("http://x/data~b.b"), twice).parts[0].title, "B");
});

test("what plug-ins add to a list of objects fits by media type, in their order, and only by commands of their own", async () => {
  const { columnsOf, commandsOf } = await load("views/additions.ts");
  const offer = (plugin, name, slot, order, fits = []) => ({ plugin, name, slot, title: name, icon: "", order, fits });
  const all = [
    offer("a/a", "rows", "object-column", 20, ["text/csv"]), offer("b/b", "hash", "object-column", 10), offer("c/c", "docs", "asset-column", 1),
    ...["d", "e", "f"].map((name) => offer("d/d", name, "object-column", 30)),
    offer("a/a", "row-count", "object-action", 1, ["text/*"]), offer("b/b", "row-count", "object-action", 2),
  ];
  const columns = columnsOf(all, "objects", async () => []);
  assert.deepEqual(columns.map(({ label, type }) => [label, type]), [["hash", "text"], ["rows", "text"], ["d", "text"], ["e", "text"]]);
  assert.deepEqual(["text/csv", "image/png"].map((is) => columns.filter(({ fits }) => fits(is)).length), [4, 3]);
  const argument = (name, required) => ({ name, type: "address", help: "", required });
  const commands = [{ plugin: "a/a", name: ["row", "count"], summary: "", effect: "read", arguments: [argument("object", true), argument("limit", false), argument("as", true)] }];
  const [only, ...others] = commandsOf(all, commands, "objects", "address");
  assert.deepEqual(only.item.action, { run: ["row", "count"], arguments: { object: { $row: "address" } }, ask: ["as"] });
  assert.deepEqual([only.many, only.fits("text/plain"), only.fits("image/png"), others.length], [undefined, true, false, 0]);
});
