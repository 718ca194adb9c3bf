import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommandOk } from '../../src/runtime/run-command.ts';
import type { Haystack } from './canary.ts';
import type { WireTarget } from './over-the-wire.ts';

const dumpMs = 60_000;

/** Everything that a run over the wire leaves behind where somebody may read it. */
export async function leftBehind(target: WireTarget): Promise<readonly Haystack[]> {
  const { postgres } = await target.node.settings();
  const workers = await target.workers();
  return [
    ...workers.map(({ pid, said }) => ({ name: `the log of worker ${pid}`, bytes: Buffer.from(said()) })),
    { name: 'the errors that clients were told', bytes: Buffer.concat(target.errors) },
    ...(await openAnswers(target)),
    ...processes([...workers.map(({ pid }) => pid), ...postgresPids(postgres.socketDir)]),
    { name: 'the data database', bytes: await dump(postgres.socketDir, postgres.dataPort) },
    { name: 'the audit database', bytes: await dump(postgres.socketDir, postgres.auditPort) },
  ];
}

/** What anybody may ask for. */
async function openAnswers(target: WireTarget): Promise<readonly Haystack[]> {
  const paths = ['/metrics', '/info', '/health', '/openapi.json', '/authenticators'];
  return Promise.all(
    paths.map(async (path) => {
      const { body } = await target.send({ method: 'GET', path, headers: {}, body: null }, {});
      return { name: path, bytes: body };
    }),
  );
}

function processes(pids: readonly number[]): readonly Haystack[] {
  return pids.flatMap((pid) =>
    ['cmdline', 'environ'].flatMap((file) => {
      try {
        return [{ name: `${file} of process ${pid}`, bytes: readFileSync(`/proc/${pid}/${file}`) }];
      } catch {
        return []; // a backend that has ended meanwhile
      }
    }),
  );
}

/** PostgreSQL's postmasters by their command line, and the backends by their parent. */
function postgresPids(socketDir: string): readonly number[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const postmasters = all.filter((pid) =>
    readIfThere(join('/proc', String(pid), 'cmdline')).includes(socketDir),
  );
  const parent = (pid: number): number =>
    Number(/^PPid:\s+(\d+)$/m.exec(readIfThere(`/proc/${pid}/status`))?.[1]);
  return all.filter((pid) => postmasters.includes(pid) || postmasters.includes(parent(pid)));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Every table as text; bytes are written in hex. */
async function dump(socketDir: string, port: number): Promise<Buffer> {
  const root = '/usr/lib/postgresql';
  const version = Math.max(...readdirSync(root).map(Number).filter(Number.isInteger));
  const directory = mkdtempSync(join(tmpdir(), 'hf-dump-'));
  const file = join(directory, 'dump.sql');
  const address = ['-h', socketDir, '-p', String(port), '-U', 'postgres'];
  try {
    await runCommandOk([`${root}/${version}/bin/pg_dump`, ...address, '--inserts', '-f', file, 'holdfast'], {
      timeoutMs: dumpMs,
    });
    return readFileSync(file);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
