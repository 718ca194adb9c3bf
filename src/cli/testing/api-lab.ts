import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandResult } from '../../runtime/run-command.ts';
import { runCommand } from '../../runtime/run-command.ts';
import { startTestServer, type TestServer } from '../../server/testing/test-server.ts';

const main = join(import.meta.dirname, '..', 'main.ts');

export interface Run {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line as users run it, with a home directory of its own, and a server that it talks to over HTTP. */
export interface ApiLab {
  readonly server: TestServer;
  readonly url: string;
  readonly home: string;
  readonly sessionFile: string;
  readonly adminApiKey: string;
  readonly holdfast: (args: readonly string[], run?: Run) => Promise<CommandResult>;
  /** As `holdfast`, and whatever was printed so far must not hold any of these texts; see `exposed`. */
  readonly printed: () => string;
  /** Writes a file into the home directory and returns its path. */
  readonly file: (name: string, content: string | Buffer) => Promise<string>;
  /** Logs in, or throws what it said. */
  readonly logIn: (login: string, key: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startApiLab(): Promise<ApiLab> {
  const server = await startTestServer();
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 });
  const home = await mkdtemp(join(tmpdir(), 'holdfast-home-'));
  const said: string[] = [];
  const holdfast: ApiLab['holdfast'] = async (args, { input = '', env = {} } = {}) => {
    const result = await runCommand([process.execPath, main, ...args], {
      timeoutMs: 60_000,
      input,
      env: { HOME: home, HOLDFAST_DIR: '', ...env },
    });
    said.push(result.stderr);
    return result;
  };
  const file: ApiLab['file'] = async (name, content) => {
    const path = join(home, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  return {
    server,
    url,
    home,
    sessionFile: join(home, '.config', 'holdfast', 'session.json'),
    adminApiKey: server.adminApiKey.reveal(),
    holdfast,
    printed: () => said.join(''),
    file,
    logIn: async (login, key) => {
      const where = ['--url', url, '--account', server.account];
      const { code, stderr } = await holdfast(['login', login, ...where], { input: key });
      if (code !== 0) throw new Error(stderr);
    },
    stop: async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
