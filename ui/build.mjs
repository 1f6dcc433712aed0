// Builds the page: `shell/src/main.ts` with all that it needs becomes `dist/`, named by content so that it can be cached
// for good; `dist/index.html` and `dist/manifest.json` say what belongs together. `--watch` builds again on each change.
import { gzipSync } from "node:zlib";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const entry = "shell/src/main.ts";
// DESIGN.md section 11: what must be there before anything shows.
const FIRST_PAINT_KB = 60;

const watch = process.argv.includes("--watch");
const kb = (bytes) => (bytes / 1000).toFixed(1);
const gz = (path) => gzipSync(readFileSync(join(here, path)), { level: 9 }).length;

/** The outputs that the page needs before anything shows: the entry and what it imports at once. */
function firstPaint(metafile) {
  const start = Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint === entry);
  const seen = new Set();
  const visit = (path) => {
    if (seen.has(path) || !metafile.outputs[path]) return;
    seen.add(path);
    for (const { path: next, kind } of metafile.outputs[path].imports) if (kind === "import-statement") visit(next);
  };
  visit(start);
  return { start, scripts: [...seen], style: metafile.outputs[start].cssBundle };
}

function finish(metafile) {
  const { start, scripts, style } = firstPaint(metafile);
  const name = (path) => "/" + relative(dist, join(here, path)).replaceAll("\\", "/");
  const head = [
    ...(style ? [`<link rel="stylesheet" href="${name(style)}">`] : []),
    ...scripts.filter((path) => path !== start).map((path) => `<link rel="modulepreload" href="${name(path)}">`),
    `<script type="module" src="${name(start)}"></script>`,
  ].join("\n    ");
  const page = readFileSync(join(here, "shell/index.html"), "utf8");
  if (!page.includes("</head>")) throw new Error("shell/index.html has no </head> to put the scripts before");
  writeFileSync(join(dist, "index.html"), page.replace("</head>", `  ${head}\n  </head>`));

  const files = Object.keys(metafile.outputs);
  const manifest = {
    entry: name(start),
    style: style ? name(style) : null,
    first: scripts.map(name),
    files: Object.fromEntries(files.map((path) => [name(path), { bytes: metafile.outputs[path].bytes, gz: gz(path) }])),
  };
  writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");

  const first = scripts.reduce((sum, path) => sum + manifest.files[name(path)].gz, 0);
  for (const path of files.sort((a, b) => gz(b) - gz(a))) {
    const part = manifest.files[name(path)];
    if (part.gz > 2000) console.log(`  ${kb(part.gz).padStart(7)} kB gz  ${scripts.includes(path) || path === style ? "first" : "later"}  ${name(path)}`);
  }
  console.log(`script for first paint: ${kb(first)} kB gz of ${FIRST_PAINT_KB}${style ? `, style ${kb(gz(style))} kB gz` : ""}`);
  if (first > FIRST_PAINT_KB * 1000) throw new Error(`script for first paint is ${kb(first)} kB gz, more than ${FIRST_PAINT_KB}`);
}

const options = {
  absWorkingDir: here,
  entryPoints: [entry],
  outdir: "dist",
  bundle: true,
  format: "esm",
  splitting: true,
  target: "es2022",
  minify: true,
  sourcemap: false,
  metafile: true,
  conditions: ["production"],
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  assetNames: "[name]-[hash]",
  legalComments: "none",
  logLevel: "info",
  plugins: [{
    name: "finish",
    setup(build) {
      build.onStart(() => { rmSync(dist, { recursive: true, force: true }); mkdirSync(dist, { recursive: true }); });
      build.onEnd((result) => {
        if (result.errors.length || !result.metafile) return;
        try { finish(result.metafile); } catch (error) {
          console.error(String(error.message ?? error));
          if (!watch) process.exitCode = 1;
        }
      });
    },
  }],
};

if (!existsSync(join(here, entry))) {
  console.error(`${entry} is missing`);
  process.exit(1);
}
if (watch) await (await esbuild.context(options)).watch();
else await esbuild.build(options).catch(() => { process.exitCode = 1; });
