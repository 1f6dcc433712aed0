// A real Chromium and the mock, for tests of the shell as a whole. Errors and broken policy are kept in `page.trouble`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { start } from "./mock.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = () => chromium.launch({ executablePath: process.env.KAMLD_CHROMIUM ?? "/usr/bin/chromium", args: ARGS });

export async function open(browser, path = "/", { width = 1280, height = 800, mock, preferences, ...context } = {}) {
  const server = mock ?? (await start());
  const tab = await browser.newContext({ viewport: { width, height }, ...context });
  if (preferences) await tab.addInitScript((value) => localStorage.setItem("kamld.preferences", value), JSON.stringify(preferences));
  const page = await tab.newPage();
  page.setDefaultTimeout(30_000);
  page.trouble = [];
  page.on("pageerror", (error) => page.trouble.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) page.trouble.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !/^(blob|data):/.test(request.url())) page.trouble.push(`foreign: ${request.url()}`);
  });
  await page.goto(server.url + path);
  await ready(page);
  return { page, mock: server, close: async () => { await tab.close(); if (!mock) await server.stop(); } };
}

export const ready = (page) => page.waitForSelector("#main ks-surface kd-view *, .ks-state, ks-own-settings h1", { timeout: 8000 });

export async function accessibility(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => `${node.target.join(" ")} ${(node.any[0]?.message ?? "").slice(0, 90)}`).slice(0, 3).join("; ")}`);
}

export const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  return element === document.body ? "body" : `${element.tagName.toLowerCase()} ${element.getAttribute("aria-label") ?? element.textContent.trim().slice(0, 40)}`;
});

/** Tabs on until something with this text has the focus. */
export async function tabTo(page, text, most = 60) {
  for (let step = 0; step < most; step++) {
    await page.keyboard.press("Tab");
    if ((await focused(page)).includes(text)) return;
  }
  throw new Error(`no way to “${text}” by Tab`);
}
