import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createTestAuthority, type TestAuthority } from '../src/identity/testing/test-authority.ts';
import { type Rsyslog, rsyslogOf } from '../src/server/testing/rsyslog.ts';
import { openClient } from '../src/store/connection.ts';
import { freePort } from '../src/store/testing/temporary-postgres.ts';
import { ApiClient } from './testing/api-client.ts';
import { DemoCluster, until } from './testing/demo-cluster.ts';
import { ReadLoad } from './testing/read-load.ts';
import { settled, trailOf } from './testing/trail.ts';

const reads = 300;

/** A cluster that forwards its trail, and a real receiver. */
describe('a syslog server', { timeout: 300_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-forward-'));
  let authority: TestAuthority;
  let receiver: Rsyslog;
  let demo: DemoCluster;
  let client: ApiClient;
  let follower: ApiClient;

  before(async () => {
    authority = await createTestAuthority('siem');
    const port = await freePort();
    const node = await authority.node('localhost');
    receiver = rsyslogOf({ directory, port, caFile: authority.caFile, node, queue: 'direct' });
    await receiver.start();
    const settings = [
      `HOLDFAST_AUDIT_FORWARD=tls://localhost:${port}`,
      `HOLDFAST_AUDIT_FORWARD_CA=${authority.caFile}`,
    ];
    demo = await DemoCluster.start(['--respawn', '1', ...settings.flatMap((setting) => ['--set', setting])]);
    await demo.whole(120_000);
    client = await until(30_000, 'a client is let in', () => demo.client().catch(() => null));
    const { account, api } = demo.file;
    follower = new ApiClient({ url: demo.node('f1').api, caFile: api.caFile, account });
    follower.useTokenOf(client);
    await until(60_000, 'there is a secret at the follower', async () => {
      await client.loadPolicy('- !variable read').catch(() => null);
      await client.write('read', 'value').catch(() => null);
      const { status } = await follower.read('read').catch(() => ({ status: 0 }));
      return status === 200 ? true : null;
    });
  });
  after(async () => {
    client.close();
    follower.close();
    await demo.stop();
    await receiver.stop('SIGKILL');
    await authority[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  it('has every record, across its own restarts and a failover', async (t) => {
    const load = new ReadLoad(follower, { prefix: 'forwarded', variable: 'read' });
    t.after(() => load.stop());
    load.start(4, 10);
    const more = (): Promise<true> => {
      const from = load.answered.size;
      return until(60_000, 'reads go on', () => (load.answered.size >= from + reads ? true : null));
    };
    await more();
    await receiver.stop('SIGTERM');
    await more();
    await receiver.start();
    const old = demo.master;
    assert.ok(old !== undefined);
    process.kill(-old.processGroup, 'SIGKILL');
    await more();
    await receiver.stop('SIGKILL');
    await more();
    await receiver.start();
    await load.stop();
    await until(60_000, 'there is another master', () => {
      const { master } = demo;
      return master !== undefined && master.name !== old.name ? true : null;
    });
    t.diagnostic(await settled(demo, load, { prefix: 'forwarded', follower: 'f1' }));
    const places = await placesOf(demo);
    await until(60_000, 'the receiver has every record of the trail', async () => {
      const there = new Set((await receiver.lines()).map(placeOf));
      return places.every((place) => there.has(place)) ? true : null;
    });
    const lines = await receiver.lines();
    const texts = new Map(lines.map((line) => [placeOf(line), line]));
    assert.deepEqual(
      lines.filter((line) => texts.get(placeOf(line)) !== line),
      [],
      'what came twice is the same',
    );
    t.diagnostic(`${places.length} records, ${lines.length - texts.size} of them came again`);
  });
});

/** Which record a line is, by what docs/audit.md says of duplicates. */
function placeOf(line: string): string {
  const found = /\[holdfast@43868 node="([^"]*)" chain="([^"]*)" seq="([^"]*)"(?: part="([^"]*)")?/.exec(
    line,
  );
  return found?.slice(1, 4).join(' ') ?? line;
}

/** Every row of the master's trail. */
async function placesOf(demo: DemoCluster): Promise<readonly string[]> {
  const sql = openClient(trailOf(demo, demo.master?.name ?? ''), { name: 'test' });
  try {
    const rows = await sql<{ place: string }[]>`
      select concat_ws(' ', c.node, c.chain, m.seq) as place from messages m join chains c on c.id = m.chain`;
    assert.ok(rows.length > reads);
    return rows.map(({ place }) => place);
  } finally {
    await sql.end({ timeout: 1 });
  }
}
