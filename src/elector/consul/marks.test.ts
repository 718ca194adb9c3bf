import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keepMarks, type Marks } from './marks.ts';
import type { ServiceView } from './service.ts';

interface Entry {
  tags: readonly string[];
  meta: Readonly<Record<string, string>>;
}

/** An entry of an agent, and what happens around each write of it. */
function agentWith(entry: Entry): {
  readonly entry: Entry;
  readonly marks: Marks;
  writes: number;
  failures: number;
  contested: number;
  afterWrite: () => void;
  isSilent: boolean;
} {
  const view = (): ServiceView => ({ entry: {}, tags: entry.tags, meta: entry.meta, critical: [] });
  const agent = {
    entry,
    writes: 0,
    failures: 0,
    contested: 0,
    isSilent: false,
    afterWrite: (): void => undefined,
    marks: keepMarks({
      labels: { primary: 'primary', replica: 'replica' },
      retryMs: 20,
      view: async () => {
        if (agent.isSilent) throw new Error('silent');
        return view();
      },
      write: async (_view, tags, meta) => {
        entry.tags = tags;
        entry.meta = meta;
        agent.writes += 1;
        agent.afterWrite();
      },
      seen: () => undefined,
      failed: () => {
        agent.failures += 1;
      },
      wrote: () => undefined,
      contested: () => {
        agent.contested += 1;
      },
    }),
  };
  return agent;
}

describe('the marks of a service', { timeout: 10_000 }, () => {
  it('are written once, and not again while they stand', async () => {
    const agent = agentWith({ tags: ['a'], meta: {} });
    await agent.marks.want({ role: 'primary', sessionId: 's' });
    await agent.marks.want({ role: 'primary', sessionId: 's' });
    assert.deepEqual(agent.entry, { tags: ['a', 'primary'], meta: { session: 's' } });
    assert.equal(agent.writes, 1);
    agent.marks.close();
  });

  it('are there when the wish is fulfilled, also when somebody wrote the entry meanwhile', async () => {
    const agent = agentWith({ tags: ['a'], meta: {} });
    agent.afterWrite = () => {
      agent.afterWrite = () => undefined;
      agent.entry.tags = ['a', 'b'];
      agent.entry.meta = { by: 'nomad' };
    };
    await agent.marks.want({ role: 'primary', sessionId: 's' });
    assert.deepEqual(agent.entry, { tags: ['a', 'b', 'primary'], meta: { by: 'nomad', session: 's' } });
    agent.marks.close();
  });

  it('are as the latest wish says, whoever waits', async () => {
    const agent = agentWith({ tags: [], meta: {} });
    const first = agent.marks.want({ role: 'primary', sessionId: 's' });
    const second = agent.marks.want({ role: 'none', sessionId: null });
    await Promise.all([first, second]);
    assert.ok(!agent.entry.tags.includes('primary'));
    agent.marks.close();
  });

  it('are written once the agent answers again', async () => {
    const agent = agentWith({ tags: [], meta: {} });
    agent.isSilent = true;
    const done = agent.marks.want({ role: 'replica', sessionId: null });
    while (agent.failures < 2) await new Promise((resolve) => setImmediate(resolve));
    agent.isSilent = false;
    await done;
    assert.deepEqual(agent.entry.tags, ['replica']);
    agent.marks.close();
  });

  it('are mended when somebody took them away', async () => {
    const agent = agentWith({ tags: [], meta: {} });
    await agent.marks.want({ role: 'primary', sessionId: 's' });
    agent.entry.tags = [];
    const mended = new Promise<void>((resolve) => {
      agent.afterWrite = resolve;
    });
    agent.marks.check();
    await mended;
    assert.deepEqual(agent.entry.tags, ['primary']);
    agent.marks.close();
  });

  it('are written ever more seldom while somebody else undoes each write, and that is told once', async () => {
    const agent = agentWith({ tags: [], meta: {} });
    const startedAt = performance.now();
    agent.afterWrite = () => {
      agent.entry.tags = ['replica'];
    };
    void agent.marks.want({ role: 'primary', sessionId: null });
    while (agent.writes < 8) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(agent.contested, 1);
    // Five pauses of 20 ms that double each time.
    assert.ok(performance.now() - startedAt > 600);
    agent.marks.close();
  });
});
