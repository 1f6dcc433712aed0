// The connection on a wire of the test's own: what is answered, what is sent again, and what never happens twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../view/test/until.mjs";
import { load } from "./pure.mjs";

globalThis.location ??= { href: "http://page/" };
const { Link } = await load("transport/socket.ts");

function setup() {
  const wires = [];
  const log = { states: [], pushed: [], welcomes: [] };
  const link = new Link(() => {
    const wire = { readyState: 0, sent: [], send(text) { this.sent.push(JSON.parse(text)); }, close() { this.readyState = 3; }, onopen: null, onmessage: null, onclose: null, onerror: null };
    wire.open = () => { wire.readyState = 1; wire.onopen?.({}); };
    wire.say = (message) => wire.onmessage?.({ data: JSON.stringify(message) });
    wire.fall = () => { wire.readyState = 3; wire.onclose?.({}); };
    wires.push(wire);
    return wire;
  }, {
    state: (state) => log.states.push(state), push: (member, content) => log.pushed.push([member, content]),
    welcome: (welcome, resumed) => log.welcomes.push(resumed), failed: () => {},
  });
  link.start();
  return { link, wires, log, last: () => wires[wires.length - 1] };
}

const welcome = (wire, resumed = false, token = "t1") => {
  wire.open();
  const { id, hello } = wire.sent[0];
  wire.say({ id, welcome: { resume: token, resumed, surfaces: [], tasks: [] } });
  return hello;
};
const again = (count, wires) => until(() => wires.length >= count);

test("a request waits for the connection and gets its own answer", async () => {
  const { link, last } = setup();
  const one = link.request("open", { surface: "a" });
  const two = link.request("open", { surface: "b" });
  welcome(last());
  const [a, b] = last().sent.slice(1);
  last().say({ id: b.id, view: { nodes: ["b"] } });
  last().say({ id: a.id, view: { nodes: ["a"] } });
  assert.deepEqual([(await one).nodes, (await two).nodes], [["a"], ["b"]]);
  link.stop();
});

test("a problem rejects in words", async () => {
  const { link, last } = setup();
  welcome(last());
  const asked = link.request("run", { command: ["x"] });
  last().say({ id: last().sent.at(-1).id, problem: { kind: "denied", title: "Forbidden", detail: "you may not", help: "ask ada", trace: "abc" } });
  await assert.rejects(asked, ({ problem }) => problem.kind === "denied" && problem.help === "ask ada" && problem.trace === "abc");
  link.stop();
});

test("after a lost connection it resumes with the token and sends again what was not answered, under the same key", async () => {
  const { link, wires, last, log } = setup();
  welcome(last());
  const done = link.request("run", { command: ["x"], key: "k1" }, { timeout: 0 });
  const first = last().sent.at(-1);
  last().fall();
  await again(2, wires);
  assert.deepEqual(welcome(last(), true, "t1"), { resume: "t1" });
  const second = last().sent.at(-1);
  assert.equal(second.run.key, "k1");
  assert.notEqual(second.id, first.id);
  last().say({ id: second.id, outcome: { data: 1 } });
  assert.deepEqual(await done, { data: 1 });
  assert.deepEqual(log.welcomes, [false, true]);
  assert.deepEqual(log.states, ["open", "lost", "open"]);
  link.stop();
});

test("what is asked while there is no connection is sent when there is one", async () => {
  const { link, wires, last } = setup();
  welcome(last());
  last().fall();
  const asked = link.request("open", { surface: "late" });
  await again(2, wires);
  welcome(last());
  assert.equal(last().sent.at(-1).open.surface, "late");
  last().say({ id: last().sent.at(-1).id, view: { nodes: [] } });
  await asked;
  link.stop();
});

test("an aborted request is cancelled at the server and rejected here", async () => {
  const { link, last } = setup();
  welcome(last());
  const abort = new AbortController();
  const asked = link.request("rows", { name: "x" }, { signal: abort.signal });
  const { id } = last().sent.at(-1);
  abort.abort();
  await assert.rejects(asked, ({ problem }) => problem.kind === "cancelled");
  assert.deepEqual(last().sent.at(-1), { cancel: { request: id } });
  link.stop();
});

test("a request without an answer ends with a problem that says what to do", async () => {
  const { link, last } = setup();
  welcome(last());
  await assert.rejects(link.request("open", {}, { timeout: 20 }), ({ problem }) => problem.kind === "unavailable" && problem.help.length > 0);
  link.stop();
});

test("what was given up while the connection was away is not sent again", async () => {
  const { link, wires, last } = setup();
  welcome(last());
  last().fall();
  const abort = new AbortController();
  const asked = link.request("open", { surface: "gone" }, { signal: abort.signal }).catch(() => "given up");
  abort.abort();
  assert.equal(await asked, "given up");
  await again(2, wires);
  welcome(last());
  assert.equal(last().sent.length, 1);
  link.stop();
});

test("a view that comes for nobody is closed", async () => {
  const { link, last } = setup();
  welcome(last());
  last().say({ id: 99, view: { nodes: [] } });
  assert.deepEqual(last().sent.at(-1), { close: { view: 99 } });
  link.stop();
});

test("pushes reach who listens; a hidden page says so on each connection", async () => {
  const { link, wires, last, log } = setup();
  welcome(last());
  last().say({ patch: { view: 1, nodes: [] } });
  last().say({ tasks: [{ id: 1 }] });
  last().say({ surfaces: [], commands: 7 });
  assert.deepEqual(log.pushed.map(([member]) => member), ["patch", "tasks", "surfaces"]);
  assert.equal(log.pushed[2][1].commands, 7);
  link.hidden(true);
  assert.deepEqual(last().sent.at(-1), { hidden: true });
  last().fall();
  await again(2, wires);
  welcome(last(), true);
  assert.deepEqual(last().sent.at(-1), { hidden: true });
  link.stop();
});

test("it is back within five seconds of the server being back", async () => {
  const { link, wires, last } = setup();
  welcome(last());
  const since = performance.now();
  last().fall();
  for (let count = 2; count <= 4; count++) { await again(count, wires); last().fall(); }
  await again(5, wires);
  assert.ok(performance.now() - since < 5000);
  link.stop();
});

test("what the server would end the connection for is not sent at all", async () => {
  const { link, last } = setup();
  welcome(last());
  const before = last().sent.length;
  await assert.rejects(link.request("run", { command: ["x"], arguments: { text: "ä".repeat(200_000) } }), ({ problem }) => problem.kind === "limit");
  assert.equal(last().sent.length, before);
  link.stop();
});
