// A running kamld for the tests of the page: start on a fresh data folder, stop, kill, start again on the same one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
export const binary = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug/kamld');

// A person's own settings of kamld must not reach the tests.
export const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KAMLD_')));

// New data folders that were started and stopped once: a copy of one need not compile the plug-ins again. `run` makes them.
const prepared = process.env.KAMLD_PREPARED;

export class Server {
  constructor(data) {
    this.data = data;
  }

  /** On a new data folder, with or without the sample data. */
  static async fresh(...words) {
    const server = new Server(await mkdtemp(join(tmpdir(), 'kamld-page-')));
    if (prepared) await cp(join(prepared, words.includes('--sample') ? 'sample' : 'empty'), server.data, { recursive: true });
    await server.start(...(prepared ? words.filter((word) => word !== '--sample') : words));
    return server;
  }

  /** Makes the folders of `KAMLD_PREPARED`. */
  static async prepare(folder) {
    for (const [name, words] of [['sample', ['--sample']], ['empty', []]]) {
      const server = new Server(join(folder, name));
      await server.start(...words);
      server.process.removeAllListeners('exit');
      const gone = once(server.process, 'exit');
      server.process.kill('SIGINT');
      await gone;
    }
  }

  async start(...words) {
    const listen = this.address ?? '127.0.0.1:0';
    const all = ['up', '--data', this.data, '--listen', listen, '--no-browser', ...words];
    this.process = spawn(binary, all, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    this.process.stderr.on('data', (text) => (said += text));
    this.link = await new Promise((ready, failed) => {
      this.process.stdout.on('data', (text) => {
        said += text;
        const found = /ready (http:\/\/\S+)/.exec(said);
        if (found) ready(found[1]);
      });
      this.process.on('exit', (code) => failed(new Error(`kamld ended with ${code}:\n${said}`)));
    });
    const link = new URL(this.link);
    this.url = link.origin;
    this.address = link.host;
    this.token = link.searchParams.get('token');
  }

  /** Ends it at once, as a power cut would. */
  async kill() {
    this.process.removeAllListeners('exit');
    const gone = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await gone;
  }

  async stop() {
    await this.kill();
    await rm(this.data, { recursive: true, force: true });
  }

  /** A request of the HTTP API under the token. */
  async http(path, options = {}) {
    const headers = { authorization: `Bearer ${this.token}`, ...options.headers };
    return fetch(this.url + path, { ...options, headers });
  }

  /** Runs a command; answers its data. */
  async run(words, values = {}) {
    const body = JSON.stringify(values);
    const answer = await this.http(`/api/v1/commands/${words.replaceAll(' ', '/')}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    const outcome = await answer.json();
    if (!answer.ok) throw new Error(`${words}: ${JSON.stringify(outcome)}`);
    return outcome.data;
  }

  async put(address, body) {
    const path = address.split('/').map(encodeURIComponent).join('/');
    // As bytes: of a text fetch would say that it is plain, whatever its name says.
    const answer = await this.http(`/api/v1/objects/${path}`, { method: 'PUT', body: Buffer.from(body) });
    if (!answer.ok) throw new Error(`put ${address}: ${await answer.text()}`);
  }
}
