// Bundles a TypeScript module of the shell for node, so that pure parts are tested without a browser.
import { build } from "esbuild";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = mkdtempSync(join(import.meta.dirname, ".pure-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
let counter = 0;

export async function load(...paths) {
  const modules = [];
  for (const path of paths) {
    const outfile = join(folder, `${++counter}.mjs`);
    await build({ entryPoints: [join(import.meta.dirname, "../src", path)], outfile, bundle: true, format: "esm", platform: "neutral", mainFields: ["module", "main"], conditions: ["browser"], logLevel: "error", loader: { ".css": "empty" } });
    modules.push(await import(pathToFileURL(outfile).href));
  }
  return modules.length === 1 ? modules[0] : modules;
}
