import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signerOf } from '../src/identity/audit-signature.ts';
import { readCertificate } from '../src/identity/certificate.ts';
import type { TestAuthority } from '../src/identity/testing/test-authority.ts';
import { verifyTrail } from '../src/store/testing/verify-trail.ts';
import { openClient } from '../src/store/connection.ts';
import { prepareAudit } from '../src/store/provision.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from '../src/store/testing/temporary-postgres.ts';
import { writeBacklog } from './backlog.ts';
import { cpuSeconds } from './cpu.ts';
import { compared, type Figure, type Sizes } from './figure.ts';
import { peakRssMb } from './memory.ts';
import { startKeeper, startWorker, withAuthority } from './product-children.ts';
import { parameters, type Setting, startSetting } from './setting.ts';

const follower = 'f1';
/** A drain that moves nothing for so long has failed. */
const stillMs = 60_000;
const lookMs = 25;

/** What each round begins with: a database of this name, which is copied. */
const backlog = 'bench_backlog';
const emptyTrail = 'bench_empty';

/** A follower's backlog of audit records carried to the master, and COPY of the same rows. */
export async function run(rounds: number, _seconds: number, { records }: Sizes): Promise<Figure> {
  const setting = await startSetting();
  try {
    const own = await startTemporaryPostgres(setting.data, parameters);
    try {
      await prepareAudit(own.address);
      await writeBacklog({ ...own.address, node: follower }, records);
      await own.superuser`alter database holdfast rename to ${own.superuser(backlog)}`;
      await setting.audit.superuser`create database ${setting.audit.superuser(emptyTrail)} template holdfast`;
      const file = join(setting.settings.socketDir, 'bench-rows');
      await writeRows(own, file);
      const results: (Drained & Record<'copyCpuUs' | 'ours' | 'reference', number>)[] = [];
      await withAuthority(async (authority) => {
        for (let round = 0; round < rounds; round += 1) {
          await afresh(own, backlog);
          await afresh(setting.audit, emptyTrail);
          const drained = await drain(setting, own, authority, records);
          const copy = await copyRows(setting.audit, file);
          const copyCpuUs = Number(((copy.cpuSeconds * 1e6) / records).toFixed(1));
          const rates = { ours: records / drained.seconds, reference: records / copy.seconds };
          results.push({ ...drained, copyCpuUs, ...rates });
        }
        await requireWhole(setting.audit, authority, records);
      });
      const goal = 'ratio >= 0.4 and >= 30000 records/s';
      return compared({ name: 'audit-drain', unit: 'records/s', goal }, results, { records });
    } finally {
      await own.stop();
    }
  } finally {
    await setting.stop();
  }
}

interface Drained {
  readonly seconds: number;
  /** Processor time of the two processes and of their sessions, microseconds a record. */
  readonly cpuUs: Readonly<Record<'keeper' | 'worker' | 'sessionOfKeeper' | 'sessionsOfIntake', number>>;
  readonly rssPeakMb: Readonly<Record<'keeper' | 'worker', number>>;
}

/** From the moment when the keeper is told of the master until that has every record. */
async function drain(
  setting: Setting,
  own: TemporaryPostgres,
  authority: TestAuthority,
  records: number,
): Promise<Drained> {
  const { socketDir, port: auditPort } = own.address;
  const worker = await startWorker(setting.settings, authority, ['n1', follower]);
  const keeper = await startKeeper(follower, { socketDir, auditPort }, authority);
  try {
    const begun = { at: performance.now(), keeper: cpuSeconds(keeper.pid), worker: cpuSeconds(worker.pid) };
    keeper.tell(worker.peer);
    await untilThere(setting.audit, records);
    const seconds = (performance.now() - begun.at) / 1000;
    const each = (used: number): number => Number(((used * 1e6) / records).toFixed(1));
    return {
      seconds,
      cpuUs: {
        keeper: each(cpuSeconds(keeper.pid) - begun.keeper),
        worker: each(cpuSeconds(worker.pid) - begun.worker),
        sessionOfKeeper: each(await sessionSeconds(own, 'holdfast audit carrier')),
        sessionsOfIntake: each(await sessionSeconds(setting.audit, 'holdfast audit intake')),
      },
      rssPeakMb: { keeper: peakRssMb(keeper.pid), worker: peakRssMb(worker.pid) },
    };
  } finally {
    await keeper.stop();
    await worker.stop();
  }
}

/** Processor time of the sessions of that name, which have lived no longer than the drain. */
async function sessionSeconds({ superuser: sql }: TemporaryPostgres, name: string): Promise<number> {
  const rows = await sql<
    { pid: number }[]
  >`select pid from pg_stat_activity where application_name = ${name}`;
  return rows.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
}

async function untilThere(master: TemporaryPostgres, records: number): Promise<void> {
  await master.inDatabase(master.address, async (sql) => {
    let last = { records: 0, at: performance.now() };
    for (;;) {
      const [row] = await sql<{ records: number }[]>`
        select coalesce(sum(seq), 0)::int as records from chains where node = ${follower}`;
      const there = row?.records ?? 0;
      if (there >= records) return;
      if (there > last.records) last = { records: there, at: performance.now() };
      if (performance.now() - last.at > stillMs)
        throw new Error(`the drain stands still at ${there} of ${records} records`);
      await sleep(lookMs);
    }
  });
}

/** Gives an instance its trail anew: a copy of `template`. */
async function afresh(instance: TemporaryPostgres, template: string): Promise<void> {
  const { superuser: sql } = instance;
  await sql`drop database if exists holdfast with (force)`;
  await sql`create database holdfast template ${sql(template)} owner holdfast_api strategy file_copy`;
  await sql`checkpoint`;
}

/** Every row of the backlog as COPY reads it. */
async function writeRows({ address }: TemporaryPostgres, file: string): Promise<void> {
  await asSuperuser({ ...address, database: backlog }, (sql) =>
    sql.unsafe(`copy (select * from messages order by id) to '${file}'`),
  );
}

/** Into a table with the columns and indexes of a segment. */
async function copyRows(
  { address }: TemporaryPostgres,
  file: string,
): Promise<Record<'seconds' | 'cpuSeconds', number>> {
  return asSuperuser({ ...address, database: 'holdfast' }, async (sql) => {
    await sql`create table bench_rows (like messages including all)`;
    await sql`checkpoint`;
    const [session] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    const cpu = (): number => (session === undefined ? Number.NaN : cpuSeconds(session.pid));
    const [begun, cpuBefore] = [performance.now(), cpu()];
    await sql.unsafe(`copy bench_rows from '${file}'`);
    const copied = { seconds: (performance.now() - begun) / 1000, cpuSeconds: cpu() - cpuBefore };
    await sql`drop table bench_rows`;
    return copied;
  });
}

/** Looks through the master's trail: every hash and signature, and that nothing is there twice. */
async function requireWhole(
  { address, inDatabase }: TemporaryPostgres,
  { caPem }: TestAuthority,
  records: number,
): Promise<void> {
  const authority = readCertificate(caPem);
  const report = await inDatabase(address, (sql) =>
    verifyTrail(sql, (place, signature) => signerOf(place, signature, authority)),
  );
  if (report.records !== records || report.faults.length > 0)
    throw new Error(`the master's trail: ${report.records} records, ${report.faults.length} faults`);
}

async function asSuperuser<T>(
  address: Parameters<typeof openClient>[0],
  work: (sql: ReturnType<typeof openClient>) => Promise<T>,
): Promise<T> {
  const sql = openClient({ ...address, user: 'postgres' }, { name: 'bench' });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}
