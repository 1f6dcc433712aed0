// Real files for the tests of the page: those of npm vega-datasets, fetched once into the cache.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const name = 'vega-datasets-3.2.1';

/** The folder of the package's data. */
function folder() {
  const home = join(process.env.KAMLD_CACHE, 'data', name);
  if (!existsSync(join(home, 'package/data'))) {
    mkdirSync(home, { recursive: true });
    execFileSync('npm', ['pack', '--silent', 'vega-datasets@3.2.1'], { cwd: home });
    execFileSync('tar', ['-xzf', `${name}.tgz`], { cwd: home });
  }
  return join(home, 'package/data');
}

/** Files of these names with their bytes. */
export async function vega(names) {
  const from = folder();
  return Object.fromEntries(await Promise.all(names.map(async (file) => [file, await readFile(join(from, file))])));
}

/** Drops files on the page as if they came from a folder of the desktop; answers when all are stored. */
export async function dropFolder(page, folder, files) {
  const sent = page.waitForResponse((answer) => /\/api\/v1\/(batches|uploads|objects)/.test(answer.url()) && answer.ok());
  const parts = Object.entries(files).map(([name, bytes]) => [name, bytes.toString('base64')]);
  await page.evaluate(
    ([folder, parts]) => {
      const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const list = parts.map(([name, text]) => new File([bytes(text)], name, { lastModified: 1_700_000_000_000 }));
      // What a browser hands over when a folder is dropped.
      const file = (one) => ({ isFile: true, isDirectory: false, name: one.name, fullPath: `/${folder}/${one.name}`, file: (ok) => ok(one) });
      let read = false;
      const entry = {
        isFile: false,
        isDirectory: true,
        name: folder,
        fullPath: `/${folder}`,
        createReader: () => ({ readEntries: (ok) => ok(read ? [] : ((read = true), list.map(file))) }),
      };
      const transfer = new DataTransfer();
      list.forEach((one) => transfer.items.add(one));
      for (const type of ['dragenter', 'dragover', 'drop']) {
        const event = new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer });
        if (type === 'drop') {
          const items = [{ kind: 'file', webkitGetAsEntry: () => entry, getAsFile: () => list[0] }];
          const handed = { types: ['Files'], files: transfer.files, items, dropEffect: 'copy', getData: () => '' };
          Object.defineProperty(event, 'dataTransfer', { value: handed });
        }
        (document.querySelector('main') ?? document.body).dispatchEvent(event);
      }
    },
    [folder, parts],
  );
  await sent;
}
