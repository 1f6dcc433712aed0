// Builds the elements, serves them on loopback under the policy that the product has, and opens a real browser on them.
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import * as esbuild from "esbuild";
import { chromium } from "playwright-core";
import { still } from "./until.mjs";

export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; require-trusted-types-for 'script'; trusted-types lit-html kamld";
const ui = fileURLToPath(new URL("../../", import.meta.url));
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A picture of stripes, as a PNG. */
function picture(width, height) {
  const crcOf = (bytes) => {
    let crc = ~0;
    for (const byte of bytes) { crc ^= byte; for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0); }
    return ~crc >>> 0;
  };
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crcOf(body), body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows.set([(x * 255) / width, (y * 255) / height, (x ^ y) & 128 ? 180 : 90], y * (width * 3 + 1) + 1 + x * 3);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

export async function start() {
  const out = mkdtempSync(join(tmpdir(), "kd-view-"));
  await esbuild.build({
    absWorkingDir: ui, entryPoints: { page: "view/test/page.ts" }, outdir: out, bundle: true, format: "esm", splitting: true,
    target: "es2022", minify: true, conditions: ["production"], logLevel: "error",
  });
  const png = picture(320, 200);
  const page = (dir) => `<!doctype html><html lang="en" dir="${dir}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Gallery</title>
    <link rel="icon" href="/files/icon.png"><link rel="stylesheet" href="/page.css"><link rel="stylesheet" href="/test.css"><script type="module" src="/page.js"></script></head><body><main id="main"><h1>Gallery</h1></main></body></html>`;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://x");
    const answer = (type, body) => { response.writeHead(200, { "content-type": type, "content-security-policy": CSP, "x-content-type-options": "nosniff" }); response.end(body); };
    try {
      if (pathname === "/") answer("text/html; charset=utf-8", page(searchParams.get("dir") === "rtl" ? "rtl" : "ltr"));
      else if (pathname === "/test.css") answer("text/css", "body { margin: 0; background: var(--kd-page); color: var(--kd-ink); font-family: var(--kd-font) } main { padding: 1rem; max-width: 76rem; margin: 0 auto }");
      else if (pathname.startsWith("/files/") && pathname.endsWith(".png")) answer("image/png", png);
      else if (/^\/[\w-]+\.(js|css)$/.test(pathname)) answer(pathname.endsWith(".js") ? "text/javascript" : "text/css", readFileSync(join(out, pathname)));
      else { response.writeHead(404, { "content-security-policy": CSP }); response.end(); }
    } catch { response.writeHead(404); response.end(); }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({
    executablePath: process.env.KAMLD_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

  /** A page with an empty view; `problems` collects errors, refusals of the policy and foreign requests. */
  async function open({ width = 1280, height = 900, theme = "light", dir = "ltr", media = {} } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, ...media });
    const tab = await context.newPage();
    const problems = [];
    tab.on("pageerror", (error) => problems.push(`error: ${error.message}`));
    tab.on("console", (message) => { if (/Content Security|TrustedHTML|Trusted Type|Refused/.test(message.text())) problems.push(message.text()); });
    tab.on("request", (request) => { if (!request.url().startsWith(origin) && !request.url().startsWith("blob:")) problems.push(`foreign: ${request.url()}`); });
    await tab.goto(`${origin}/?dir=${dir}`);
    await tab.evaluate((name) => { document.documentElement.dataset.theme = name; }, theme);
    await tab.waitForFunction(() => globalThis.kd && customElements.get("kd-view"));
    return { tab, problems, close: () => context.close() };
  }

  /** Puts a view into the page and waits until it stands still. */
  async function show(tab, nodes, data = {}) {
    await tab.evaluate(async ({ nodes, data }) => {
      document.querySelector("kd-view")?.remove();
      const view = document.createElement("kd-view");
      view.host = globalThis.kd.host;
      view.viewId = "v1";
      view.data = data;
      view.nodes = nodes;
      document.querySelector("#main").append(view);
      await globalThis.kd.loadAll();
      await view.updateComplete;
    }, { nodes, data });
    await still(tab);
  }

  async function axe(tab, options = {}) {
    await tab.evaluate(axeSource);
    return tab.evaluate(async (options) => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], ...options });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 4).map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary.split("\n").slice(1, 2).join(" ").trim().slice(0, 160)})`).join("; ")}`);
    }, options);
  }

  return { open, show, axe, origin, async stop() { await browser.close(); server.close(); rmSync(out, { recursive: true, force: true }); } };
}
