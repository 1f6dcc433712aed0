// The server's side of wit/ui/page.md, as small as it can be: stands in for the network's edge in tests of the shell.
// What it decides is scripted by `screens.mjs`; `state` is open to tests, which break it on purpose.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { accept } from "./socket.mjs";
import * as screens from "./screens.mjs";

const dist = join(import.meta.dirname, "../../dist");
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml" };
export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; "
  + "require-trusted-types-for 'script'; trusted-types lit-html kamld; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function start(port = 0) {
  const state = {
    surfaces: screens.surfaces(), projects: ["birds", "wind"], tags: ["aviation", "csv"], history: true,
    objects: new Map([["birds/strikes/2019.csv", "text/csv"], ["birds/strikes/readme.md", "text/markdown"], ["birds/strikes/raw/a.bin", "application/octet-stream"]]),
    // What arrived, before it is dealt with; requests that bring bytes of an upload right now.
    titles: {}, heard: [], receiving: 0, uploads: new Map(), peers: new Set(), ran: [], keys: new Map(), delay: 0, refuse: false, signedOut: false, tasks: [], slow: new Map(), held: new Map(), chunkDelay: 0, resume: true, cells: { asked: [], values: {}, refuse: false },
  };
  const sessions = new Map();
  // As the server does it: who asks is what it knows of a view, and a nonce is for one thing once.
  const nonces = new Map();
  let given = 0;
  const words = ({ command }) => command.join(" ");
  const crossing = (peer, asked) => {
    const asks = asked.from === "shell" ? "" : asked.from?.plugin ?? peer.views.get(asked.from?.view)?.plugin;
    if (asks === undefined) throw problem("not-found", "the view that asks for this is not open any more");
    const found = screens.commands.find(({ name }) => name.join(" ") === words(asked));
    return asks && found && found.effect !== "read" && found.plugin !== asks ? JSON.stringify([asks, words(asked), asked.arguments, asked.project]) : "";
  };
  const titles = () => Object.fromEntries([...state.surfaces, ...screens.commands].map(({ plugin }) => [plugin, state.titles[plugin] ?? plugin.split("/")[1]]));
  let uploads = 0;

  const problem = (kind, detail, help) => ({ kind, title: kind, detail, ...(help ? { help } : {}), trace: "4bf92f3577b34da6a3ce929d0e0e4736" });

  async function run(command, args, peer, id) {
    state.ran.push({ command: command.join(" "), args });
    switch (command.join(" ")) {
      case "project create":
        if (state.projects.includes(args.name)) throw problem("already-exists", `there is a project ${args.name} already`, "choose another name");
        state.projects.push(args.name);
        push("test/projects");
        return { data: { name: args.name }, view: [] };
      case "project remove": state.projects = state.projects.filter((one) => one !== args.project); push("test/projects"); return { data: {}, view: [] };
      case "tag add": state.tags = [...state.tags, args.tag]; push("test/data"); return { data: {}, view: [] };
      case "tag remove": state.tags = state.tags.filter((one) => one !== args.tag); push("test/data"); return { data: {}, view: [] };
      case "slow": return new Promise((resolve, reject) => {
        const timer = setTimeout(() => resolve({ data: {}, view: [] }), 8000);
        state.slow.set(`${peer.name} ${id}`, () => { clearTimeout(timer); reject(problem("cancelled", "it was stopped", "nothing was changed")); });
      });
      case "fail": throw problem("internal", "the index could not be read", "what you typed is kept; try again, or tell who looks after the server");
      case "docs check": return { data: {}, view: [{ id: "root", kind: "text", props: { text: `${args.asset.length} checked` }, children: [] }] };
      case "status": return { data: {}, view: [{ id: "root", kind: "text", props: { text: "All is well." }, children: [] }] };
      default: return { data: args, view: [] };
    }
  }

  function push(plugin) {
    for (const peer of state.peers) for (const [id, content] of peer.views) {
      if (content.plugin !== plugin) continue;
      const { nodes } = screens.open(content, state);
      peer.send({ patch: { view: id, nodes, gone: [], data: {} } });
    }
  }

  async function message(peer, text) {
    const { id } = text;
    const answer = (name, content) => peer.send({ id, [name]: content });
    const heard = { ...text, dealtWith: false };
    state.heard.push(heard);
    if (state.delay) await new Promise((done) => setTimeout(done, state.delay));
    // What follows is done before anybody else has a turn, but for the work of a command.
    heard.dealtWith = true;
    if (text.hello) {
      const before = state.resume && sessions.get(text.hello.resume);
      peer.name = before ? text.hello.resume : `s${sessions.size + 1}`;
      if (before) peer.views = before;
      sessions.set(peer.name, peer.views);
      state.peers.add(peer);
      return answer("welcome", { resume: peer.name, person: { id: "ada", roles: ["data-scientist"] }, version: "0.1.0", surfaces: state.surfaces, commands: 1, plugins: titles(), tasks: state.tasks, resumed: Boolean(before) });
    }
    if (text.open) {
      if (state.refuse) return answer("problem", problem("unavailable", "the plug-in does not answer", "try again in a moment"));
      await state.held.get(text.open.plugin);
      peer.views.set(id, text.open);
      return answer("view", screens.open(text.open, state));
    }
    if (text.reopen) {
      // As the server does it: a patch without an id, and nothing for a view that is not there.
      const view = peer.views.get(text.reopen.view);
      if (!view) return undefined;
      Object.assign(view, { params: text.reopen.params, data: text.reopen.data });
      peer.send({ patch: { view: text.reopen.view, nodes: screens.open(view, state).nodes, gone: [], data: {} } });
      return answer("reopened", {});
    }
    if (text.close) return peer.views.delete(text.close.view);
    if (text.cancel) return state.slow.get(`${peer.name} ${text.cancel.request}`)?.();
    if (text.cells) {
      const { surface, address, addresses } = text.cells;
      state.cells.asked.push({ surface, address, addresses });
      if (state.cells.refuse) return answer("problem", problem("unavailable", "the plug-in does not answer"));
      return answer("cells", addresses.map((one) => state.cells.values[one] ?? null));
    }
    if (text.rows) return answer("page", { rows: [], total: 0 });
    if (text.confirm) {
      try {
        const of = crossing(peer, text.confirm);
        const nonce = of ? `nonce ${++given}` : null;
        if (of) nonces.set(nonce, of);
        return answer("confirmation", { nonce });
      } catch (error) { return answer("problem", error); }
    }
    if (text.act && state.reaction) return answer("reaction", state.reaction);
    if (text.act) {
      state.history = text.act.arguments.on;
      state.surfaces = screens.surfaces().filter(({ name }) => name !== "history" || state.history);
      for (const one of state.peers) {
        for (const [view, { plugin }] of one.views) if (plugin === "test/history" && !state.history) one.send({ lost: { view, problem: problem("unavailable", "the plug-in test/history was switched off", "an admin can switch it on again") } });
        one.send({ surfaces: state.surfaces, commands: 1 });
      }
      return answer("reaction", { data: {}, note: state.history ? "Switched on." : "Switched off.", then: null });
    }
    if (text.run) {
      const known = state.keys.get(text.run.key);
      if (known === undefined) {
        try {
          const of = crossing(peer, text.run);
          const allowed = nonces.get(text.run.confirmed);
          nonces.delete(text.run.confirmed);
          if (of && (state.forget || of !== allowed)) {
            state.forget = false;
            return answer("problem", problem("confirm", `'${words(text.run)}' belongs to another plug-in: the person did not confirm it`, "nothing was run"));
          }
        } catch (error) { return answer("problem", error); }
      }
      const outcome = known ?? run(text.run.command, text.run.arguments, peer, id);
      state.keys.set(text.run.key, outcome);
      try { answer("outcome", await outcome); } catch (error) { answer("problem", error.kind ? error : problem("internal", String(error))); }
    }
  }

  const body = async (request) => { const parts = []; for await (const part of request) parts.push(part); return Buffer.concat(parts); };

  async function handle(request, response) {
    const url = new URL(request.url, "http://mock");
    const path = decodeURIComponent(url.pathname);
    const json = (status, value) => { response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json" }); response.end(JSON.stringify(value)); };
    if (state.signedOut && path.startsWith("/api/")) return json(401, problem("denied", "who you are is not known"));
    if (path === "/api/v1/status") return json(200, {});
    if (path === "/api/v1/commands") return json(200, { generation: 1, commands: screens.commands });
    if (path === "/api/v1/palette") {
      const q = url.searchParams.get("q").toLowerCase();
      return json(200, { items: ["strikes", "plumage", "songs"].filter((one) => one.includes(q)).map((one) => ({ title: one, note: `birds/${one}`, open: { area: "data", address: `birds/${one}` } })) });
    }
    if (path === "/api/v1/markdown") return json(200, { html: "<p>Hello</p>" });
    if (path.startsWith("/api/v1/listing/")) return json(200, { objects: [...state.objects.keys()].filter((one) => one.startsWith("birds/strikes/")).map((one) => ({ path: one.slice(14) })), next: null });
    if (path.startsWith("/api/v1/tables/")) {
      const start = Number(url.searchParams.get("start"));
      const count = Number(url.searchParams.get("count"));
      const rows = Array.from({ length: Math.max(0, Math.min(count, 1000 - start)) }, (_, i) => [start + i, `species ${start + i}`, (start + i) * 1.5]);
      return json(200, { columns: [{ name: "id", type: "Int64" }, { name: "species", type: "Utf8" }, { name: "mass", type: "Float64" }], rows, start, total: 1000, complete: true, ms: 2, bytes: 1000 });
    }
    if (path.startsWith("/api/v1/objects/")) {
      const type = state.objects.get(path.slice(16));
      if (!type) { response.writeHead(404, { "content-type": "application/problem+json" }); return response.end(); }
      response.writeHead(200, { "content-type": type, "content-length": 23, etag: '"x"', "content-disposition": "attachment" });
      return response.end(request.method === "HEAD" ? undefined : "year,species\n2019,gull\n");
    }
    if (path.startsWith("/api/v1/batches/")) { const bytes = await body(request); state.batch = bytes; return json(200, { objects: 1, bytes: bytes.length }); }
    if (path === "/api/v1/uploads" && request.method === "POST") {
      const id = String(++uploads);
      const meta = Object.fromEntries(request.headers["upload-metadata"].split(",").map((pair) => { const [key, value] = pair.split(" "); return [key, Buffer.from(value ?? "", "base64").toString()]; }));
      state.uploads.set(id, { size: Number(request.headers["upload-length"]), got: 0, meta });
      response.writeHead(201, { location: `/api/v1/uploads/${id}`, "upload-offset": 0, "tus-resumable": "1.0.0" });
      return response.end();
    }
    if (path.startsWith("/api/v1/uploads/")) {
      const upload = state.uploads.get(path.split("/").pop());
      if (!upload) return json(404, problem("not-found", "there is no such upload"));
      if (request.method === "PATCH") {
        if (Number(request.headers["upload-offset"]) !== upload.got) { response.writeHead(409, { "upload-offset": upload.got }); return response.end(); }
        // What arrived is kept, whoever hangs up.
        state.receiving++;
        try {
          for await (const part of request) {
            upload.got += part.length;
            if (state.chunkDelay) await new Promise((done) => setTimeout(done, state.chunkDelay));
          }
        } catch { return; } finally { state.receiving--; }
        if (upload.got === upload.size) state.objects.set(upload.meta.address, upload.meta.filetype || "application/octet-stream");
      } else if (request.method === "DELETE") state.uploads.delete(path.split("/").pop());
      response.writeHead(request.method === "HEAD" ? 200 : 204, { "upload-offset": upload.got, "upload-length": upload.size, "tus-resumable": "1.0.0" });
      return response.end();
    }
    if (path.startsWith("/api/")) return json(404, problem("not-found", "there is nothing at this address"));
    const file = /\.\w+$/.test(path) && !path.startsWith("/data/") ? path : "/index.html";
    try {
      const bytes = await readFile(join(dist, file));
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": POLICY, "x-content-type-options": "nosniff" });
      response.end(bytes);
    } catch { json(404, problem("not-found", "no such file")); }
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  const sockets = new Set();
  server.on("connection", (socket) => { sockets.add(socket); socket.on("close", () => sockets.delete(socket)); });
  server.on("upgrade", (request, socket) => {
    if (state.down) return socket.destroy();
    if (state.signedOut) { socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n"); return; }
    const peer = accept(request, socket);
    peer.views = new Map();
    peer.onmessage = (text) => void message(peer, text);
    peer.onclose = () => state.peers.delete(peer);
  });
  await new Promise((ready) => server.listen(port, "127.0.0.1", ready));
  return {
    state, tell: (message) => { for (const peer of state.peers) peer.send(message); }, url: `http://127.0.0.1:${server.address().port}`, push,
    drop: () => { for (const peer of state.peers) peer.drop(); },
    stop: () => new Promise((done) => { for (const socket of sockets) socket.destroy(); server.close(done); }),
  };
}
