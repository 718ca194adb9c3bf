import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { BeatRecord, ClusterState, Stored } from '../core/failover/cluster-state.ts';
import { writeFileAtomically } from '../runtime/files.ts';
import { createLogger } from '../runtime/log.ts';
import { readKnownCluster, rememberCluster } from './known-cluster.ts';
import { type NodeLayout, nodeLayout } from './layout.ts';
import { clusterConfig } from './testing/cluster-config.ts';

const log = createLogger({ name: 'test', level: 'fatal' });
let layout: NodeLayout;
beforeEach(async () => {
  layout = nodeLayout(await mkdtemp(join(tmpdir(), 'hf-known-')));
  await mkdir(layout.state);
});
afterEach(() => rm(layout.dir, { recursive: true, force: true }));

function stored<T>(value: T, modRevision = 1): Stored<T> {
  return { value, createRevision: 1, modRevision };
}

function cluster(term: number, beat = 1): ClusterState {
  const record: BeatRecord = { counter: beat, term, ttlMs: 5000 };
  return {
    revision: beat,
    config: stored(clusterConfig()),
    sync: stored({ term, master: 'n1', standbys: ['n2'], previous: [], alone: false }, term),
    leader: null,
    beat: stored(record, beat),
    promotion: null,
    released: [],
    history: [],
    evicted: new Map(),
    members: new Map(),
    switchover: null,
    forced: null,
  };
}

/** Notes `state` again and again, as turns do, until the file says its term. */
async function noted(remember: (state: ClusterState) => void, state: ClusterState): Promise<void> {
  const end = performance.now() + 5000;
  while ((await readKnownCluster(layout))?.sync.term !== state.sync.value.term) {
    assert.ok(performance.now() < end, 'it is written');
    remember(state);
  }
}

test('what changes is written, for this user alone; beats write nothing', async () => {
  const remember = rememberCluster({ layout, log });
  await noted(remember, cluster(2));
  const file = join(layout.state, 'cluster.json');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const { ino } = await stat(file); // each writing is a new file
  for (let beat = 2; beat < 50; beat += 1) remember(cluster(2, beat));
  for (const name of ['a', 'b']) await writeFileAtomically(join(layout.state, name), 'as long as one takes');
  assert.equal((await stat(file)).ino, ino);
  await noted(remember, cluster(3));
  assert.deepEqual((await readKnownCluster(layout))?.sync.standbys, ['n2']);
});

test('a disk that takes nothing stops nobody, and what it missed is written with the next change', async () => {
  await rm(layout.state, { recursive: true });
  const remember = rememberCluster({ layout, log });
  remember(cluster(2));
  assert.equal(await readKnownCluster(layout), null);
  await mkdir(layout.state);
  await noted(remember, cluster(3));
});
