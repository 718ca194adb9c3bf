import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workerFlags } from '../src/agent/worker-flags.ts';
import { provisionAccount } from '../src/server/provision-account.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from '../src/store/testing/temporary-postgres.ts';

/** Two real instances that write to the disk, with an account; and what runs on them. */
export interface Setting {
  readonly account: string;
  readonly adminApiKey: string;
  readonly data: TemporaryPostgres;
  readonly audit: TemporaryPostgres;
  /** What servers are told of it. */
  readonly settings: ServeSettings;
  /** Starts a server of its own process and answers its port: `ours`, or a reference. */
  readonly serve: (entry: string, more?: Partial<ServeSettings & ServeOptions>) => Promise<Served>;
  readonly stop: () => Promise<void>;
}

/** What the child processes are told, as their first message. */
export interface ServeSettings {
  readonly account: string;
  readonly dataKeyFile: string;
  readonly socketDir: string;
  readonly dataPort: number;
  readonly auditPort: number;
}

/** What one server does otherwise than the others of the same run. */
export interface ServeOptions {
  /** It serves as a follower whose data is new, and not as the master. */
  readonly follower: boolean;
  /** It records nothing: what the audit trail costs. There is no such switch in the product. */
  readonly unaudited: boolean;
  /** Of `serve-watched.ts`. */
  readonly watchFile: string;
}

/** A server's process. */
export interface Served {
  readonly port: number;
  readonly pid: number;
}

/** As the agent sets them for instances of a node, as far as it matters here. */
export const parameters = { fsync: 'on', shared_buffers: '128MB', wal_level: 'replica' };

export async function startSetting(): Promise<Setting> {
  const data = await startTemporaryPostgres(undefined, parameters);
  const audit = await startTemporaryPostgres(data, parameters);
  const directory = await mkdtemp(join(tmpdir(), 'hf-bench-'));
  const dataKeyFile = join(directory, 'data.key');
  await writeFile(dataKeyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
  const account = 'bench';
  const { socketDir, port: dataPort } = data.address;
  const auditPort = audit.address.port;
  const settings = { account, dataKeyFile, socketDir, dataPort, auditPort };
  const { adminApiKey } = await provisionAccount({
    account,
    dataKeyFile,
    postgres: { socketDir, dataPort, auditPort },
  });
  const children: ChildProcess[] = [];
  return {
    account,
    adminApiKey: adminApiKey.reveal(),
    data,
    audit,
    settings,
    serve: async (entry, more = {}) => {
      const child = fork(fileURLToPath(new URL(entry, import.meta.url)), {
        execArgv: [...workerFlags, ...(process.env['BENCH_NODE_FLAGS']?.split(' ') ?? [])],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      children.push(child);
      child.send({ ...settings, ...more });
      const [message] = await once(child, 'message');
      return { port: Number(message), pid: child.pid ?? 0 };
    },
    stop: async () => {
      for (const child of children) {
        const exited = once(child, 'exit');
        child.disconnect();
        await exited;
      }
      await audit.stop();
      await data.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
