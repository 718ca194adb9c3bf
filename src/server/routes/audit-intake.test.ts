import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { canonicalText } from '../../core/audit/canonical.ts';
import { testRecord } from '../../core/testing/test-record.ts';
import { linksAfter, openChain } from '../../core/audit/chain.ts';
import { pushBody, type PushedHeader, type PushOutcome, recordLimit } from '../../core/audit/pushed.ts';
import { placeSigner } from '../../identity/audit-signature.ts';
import { createLogger } from '../../runtime/log.ts';
import { sha256 } from '../../store/audit-chain.ts';
import { startTestNode, ask, stateNow, type TestNode } from '../testing/test-node.ts';
import { startWorker, type Worker } from '../worker.ts';

interface Records {
  readonly records: readonly AuditRecord[];
}

/** The node that the certificate of the test names. */
const self = 'localhost';

describe('the intake of audit records on a master', { timeout: 60_000 }, () => {
  let node: TestNode;
  let worker: Worker;
  before(async () => {
    node = await startTestNode();
    const log = createLogger({ name: 'test', level: 'fatal' });
    worker = await startWorker(await node.settings(), log, () => undefined);
    worker.obey(stateNow({ members: [self, 'n2'] }));
  });
  after(async () => {
    await worker.stop();
    await node.stop();
  });

  function recordsOf(message: string, count: number): readonly AuditRecord[] {
    return Array.from({ length: count }, (_, index) =>
      testRecord(`${message} ${index + 1}`, { procid: message }),
    );
  }

  /** Three records of a chain, as its node sends them. */
  function pushOf(chain: string, more: Partial<PushedHeader> & Partial<Records> = {}): string {
    const { records = recordsOf(chain, 3), ...others } = more;
    const facts = { node: more.node ?? self, chain, before: null };
    const hash = linksAfter(openChain(facts, sha256), records, sha256).at(-1)?.hash ?? '';
    const { signedAt, signature } = placeSigner(node.tls, Date.now)({ ...facts, seq: records.length, hash });
    const header = { ...facts, from: 1, newest: records.length, hash, signature: { signedAt, signature } };
    return pushBody({ ...header, ...others }, records.map(canonicalText));
  }

  async function push(pushed: readonly string[]): Promise<readonly PushOutcome[]> {
    const { status, body } = await post(pushed.join(''));
    assert.equal(status, 200, body);
    return JSON.parse(body);
  }
  const post = (body: string): ReturnType<typeof ask> =>
    ask(worker.ports.peer, '/holdfast/audit/records', { ...node.tls, method: 'POST', body });

  /** How many records of a request there are, and the refusals that were recorded. */
  const countOf = async (procid: string): Promise<number> => {
    const [row] = await node.audit.inDatabase(node.audit.address, (sql) => {
      return sql<{ count: number }[]>`select count(*)::int as count from messages where procid = ${procid}`;
    });
    return row?.count ?? 0;
  };
  const refusals = (): Promise<readonly string[]> =>
    node.audit.inDatabase(node.audit.address, async (sql) => {
      const rows = await sql<{ message: string }[]>`
        select message from messages
        where msgid = 'audit' order by messages.id`;
      return rows.map(({ message }) => message);
    });

  it('refuses what is not what it says and records that; the rest of the batch is there', async () => {
    const [large, small] = [...recordsOf('x'.repeat(recordLimit), 1), ...recordsOf('small', 1)];
    assert.ok(large !== undefined && small !== undefined);
    const outcomes = await push([
      pushOf('good'),
      pushOf('forged', { node: 'n2' }),
      pushOf('broken', { hash: 'ab'.repeat(32) }),
      pushOf('large', { records: [large] }),
      pushOf('unreadable', { records: [{ ...small, timestamp: '2026-13-45T99:99:99.999Z' }] }),
      pushOf('also-good'),
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.chain, outcome.stored || outcome.because]),
      [
        ['good', true],
        ['forged', 'forged_node'],
        ['broken', 'badly_signed'],
        ['large', 'record_too_large'],
        ['unreadable', 'malformed'],
        ['also-good', true],
      ],
    );
    assert.deepEqual(await Promise.all(['good', 'also-good', 'forged', 'broken'].map(countOf)), [3, 3, 0, 0]);
    const refused = [
      `n2 forged (forged_node)`,
      `${self} broken (badly_signed)`,
      `${self} large (record_too_large)`,
    ];
    const attempt = `node ${self} tried to push audit records`;
    assert.deepEqual(await refusals(), [
      `${attempt}: ${[...refused, `${self} unreadable (malformed)`].join(', ')}`,
    ]);
  });

  it('takes what is good also where a refusal cannot be noted', async () => {
    const sql = (text: string): Promise<unknown> =>
      node.audit.inDatabase(node.audit.address, (database) => database.unsafe(text));
    await sql(`alter table messages add constraint unnoted check (msgid <> 'audit') not valid`);
    const outcomes = await push([pushOf('kept'), pushOf('forged again', { node: 'n2' })]);
    await sql('alter table messages drop constraint unnoted');
    assert.deepEqual(
      outcomes.map(({ stored }) => stored),
      [true, false],
    );
    assert.equal(await countOf('kept'), 3);
  });

  it('refuses a chain that goes on otherwise than it did, one that went back, and every chain of a removed node', async () => {
    const because = async (pushed: string): Promise<unknown> => {
      const [outcome] = await push([pushed]);
      return outcome?.stored === false ? outcome.because : outcome?.stored;
    };
    const others = recordsOf('others', 4);
    assert.equal(await because(pushOf('good', { records: others })), 'broken_chain');
    assert.equal(await because(pushOf('good', { records: recordsOf('good', 2) })), 'old_chain');
    worker.obey(stateNow({ members: ['n2'] }));
    assert.equal(await because(pushOf('removed')), 'removed_node');
    worker.obey(stateNow({ members: [self] }));
    assert.equal(await because(pushOf('removed')), true);
  });

  it('takes nothing from clients, and nothing that it cannot read', async () => {
    const body = pushOf('client');
    const { ca } = node.tls;
    const path = '/holdfast/audit/records';
    const { status } = await ask(worker.ports.api, path, { ca, method: 'POST', body });
    assert.equal(status, 401);
    const short = pushOf('client').split('\n').slice(0, -2).join('\n');
    for (const unreadable of ['', '{}', '{}\n', '[7]\n', 'x\n', short, `${short}\n`]) {
      assert.equal((await post(unreadable)).status, 400, unreadable);
    }
    assert.equal(await countOf('client'), 0);
  });
});
