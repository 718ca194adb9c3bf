import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inTurns, makeApps } from './apps.ts';
import { compared, type Figure } from './figure.ts';
import { type Setting, startSetting } from './setting.ts';
import { load } from './wrk.ts';

const clients = 32;

/** POST of a new value: access decided, encrypted, stored as the next version and recorded, both on the disk. */
export async function run(rounds: number, seconds: number): Promise<Figure> {
  const setting = await startSetting();
  try {
    const ours = await setting.serve('serve-ours.ts');
    const apps = await makeApps(setting, ours.port);
    const requests = inTurns(apps, (app, index) => ({
      method: 'POST',
      path: `/secrets/${setting.account}/variable/${encodeURIComponent(app.variables[index] ?? '')}`,
      headers: { Authorization: app.authorization },
      // Each variable gets other values in turn: the same value again would be no write.
      body: `value ${index} ${app.host}`,
    }));
    const others = requests.map((request) => ({ ...request, body: `${request.body} once more` }));
    const turns = { connections: clients, seconds };
    await load(ours.port, [...requests, ...others], { ...turns, seconds: 3 });
    const reference = await pgbenchOf(setting);
    const results = [];
    for (let round = 0; round < rounds; round += 1) {
      results.push({
        ours: await load(
          ours.port,
          round % 2 === 0 ? [...requests, ...others] : [...others, ...requests],
          turns,
        ),
        reference: await reference.insertRate(seconds),
      });
    }
    await reference.clean();
    const rates = results.map((round) => ({
      ours: round.ours.requestsPerSecond,
      reference: round.reference,
    }));
    return compared({ name: 'writes', unit: '1/s', goal: 'ratio >= 0.5' }, rates, {
      connections: clients,
      latencyMs: results.map((round) => round.ours.latencyMs),
      failures: results.map((round) => round.ours.failures),
    });
  } finally {
    await setting.stop();
  }
}

/** pgbench with one insert a transaction, into the same instance, with as many clients. */
async function pgbenchOf(setting: Setting): Promise<{
  readonly insertRate: (seconds: number) => Promise<number>;
  readonly clean: () => Promise<void>;
}> {
  await setting.data.superuser`create table bench_inserts (id bigserial primary key, name text, value bytea)`;
  const directory = await mkdtemp(join(tmpdir(), 'hf-pgbench-'));
  const script = join(directory, 'insert.sql');
  await writeFile(
    script,
    `insert into bench_inserts (name, value) values ('a name as long as an id of a variable', '\\x${'47'.repeat(60)}');\n`,
  );
  const { socketDir, port } = setting.data.address;
  return {
    insertRate: async (seconds) => {
      const { stdout } = await promisify(execFile)('pgbench', [
        ...['-h', socketDir, '-p', String(port), '-U', 'postgres', '-n', '-M', 'prepared'],
        ...['-c', String(clients), '-j', '1', '-T', String(seconds), '-f', script, 'postgres'],
      ]);
      return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    },
    clean: async () => {
      await rm(directory, { recursive: true, force: true });
    },
  };
}
