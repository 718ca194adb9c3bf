import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { places } from '../../core/election/conjur/places.ts';
import { type ConjurScene, prepareElection } from '../../elector/testing/conjur-scene.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { createLogger } from '../../runtime/log.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import type { SyncConfig } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import { takePart, type TakePartNeeds } from '../election/take-part.ts';
import { contest } from './contest.ts';
import { openGivingWay } from './giving-way.ts';
import { openRole, type RoleKeeper } from './role.ts';
import { openDesk, type RunDesk } from './run-desk.ts';
import type { TurnNeeds } from './run-turn.ts';

const leaseMs = 5000;
/** Where nobody may come to lead: a take-over that takes as long as a call may is found out after it has begun to. */
const longLeaseMs = 12_000;

describe('a contest, on a real server', { timeout: 90_000 }, () => {
  const listening = listeningServer();
  let scene: ConjurScene;
  let directory: string;
  let stop: AbortController;
  let desk: RunDesk;
  let role: RoleKeeper;
  let other: Promise<void> = Promise.resolve();
  const log = createLogger({ name: 'test', level: 'fatal' });
  const fetch = openWebFetch({ ca: null });
  beforeEach(async () => {
    scene = await prepareElection(listening.server, 'fenced', ['mine', 'other']);
    directory = mkdtempSync(join(tmpdir(), 'hf-contest-'));
    stop = new AbortController();
    role = openRole(true);
    desk = await openDesk({ config, standing: role.standing, stop: stop.signal });
  });
  afterEach(async () => {
    stop.abort();
    await other;
    await desk.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const config = (account = listening.server.account): SyncConfig => {
    const reading = readConfig(
      `vault: v
target: {url: '${listening.url}', account: ${account}, login: host/mine, apiKeyFile: key}
source: {kind: directory, path: .}
stateDirectory: state`,
      directory,
    );
    assert.ok(reading.ok);
    return reading.config;
  };
  const putKey = (key: string): void => writeFileSync(join(directory, 'key'), key, { mode: 0o600 });
  const ownKey = (): string => scene.member('mine').apiKey.reveal();

  const hold = (
    told: Partial<RoleKeeper> = {},
    { reread = async () => config(), lease = leaseMs }: { reread?: TurnNeeds['reread']; lease?: number } = {},
  ) =>
    contest(
      { desk, log, stop: stop.signal, position: { position: null }, reread, lookedAt: { token: null } },
      {
        election: { protocol: 'fenced', leaseMs: lease, name: 'mine' },
        role: { ...role, ...told },
        way: openGivingWay(lease),
      },
    );

  const partOf = (name: string, lease = leaseMs): Omit<TakePartNeeds, 'lead'> => ({
    settings: { protocol: 'fenced', leaseMs: lease, name },
    target: { ...scene.member(name), fetch, url: listening.url },
    position: { position: null },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    signal: stop.signal,
  });

  /** Takes part as that one until it comes to fail, and tells whom it sees lead. */
  const watchAs = (name: string, onOther: (name: string | null) => void) => {
    const failed = Promise.withResolvers<void>();
    const lead = async (): Promise<void> => assert.fail('it led');
    const done = takePart({ ...partOf(name, longLeaseMs), lead, onOther }).catch((error: unknown) => {
      assert.ok(isProblem(error, 'term_refused'), String(error));
      failed.resolve();
    });
    return { done, failed: failed.promise };
  };

  /** Another synchronizer leads until the test is over. */
  const otherLeads = async (): Promise<void> => {
    const leads = Promise.withResolvers<void>();
    other = takePart({
      ...partOf('other'),
      lead: async ({ signal }) => {
        leads.resolve();
        if (!signal.aborted) await once(signal, 'abort');
      },
    });
    await leads.promise;
  };

  it('says that a key is wrong', async () => {
    putKey('wrong');
    const failed = Promise.withResolvers<string>();
    const held = hold({ fails: ({ code }) => failed.resolve(code) });
    assert.equal(await failed.promise, 'api_unauthenticated');
    stop.abort();
    await held;
  });

  it('that wins and may not write says which right is missing, and whoever watches it sees nobody lead', async () => {
    putKey(ownKey());
    await listening.server.asAdmin({
      method: 'PATCH',
      url: `/policies/${listening.server.account}/policy/root`,
      payload: `- !deny {role: !group ${places.writers}, privileges: [update], resource: !variable ${places.expiration}}`,
    });
    const sees: (string | null)[] = [];
    const failed = Promise.withResolvers<string>();
    const fails: RoleKeeper['fails'] = (fault) => {
      role.fails(fault);
      failed.resolve(fault.detail);
    };
    const first = hold({ fails, sees: (name) => void sees.push(name) }, { lease: longLeaseMs });
    assert.match(await failed.promise, /writer-[0-9a-f]+ needs update on variable:/u);
    const watching = watchAs('other', (name) => void sees.push(name));
    await watching.failed;
    stop.abort();
    await Promise.all([first, watching.done]);
    assert.deepEqual(
      sees.filter((name) => name !== null),
      [],
    );
    assert.equal(role.standing().fault?.code, 'term_refused');
  });

  it('sees nobody lead while one of its own name does', async () => {
    putKey(ownKey());
    const leads = Promise.withResolvers<void>();
    other = takePart({
      ...partOf('mine'),
      lead: async ({ signal }) => {
        leads.resolve();
        if (!signal.aborted) await once(signal, 'abort');
      },
    });
    await leads.promise;
    const seen = Promise.withResolvers<string | null>();
    const held = hold({ sees: seen.resolve });
    assert.equal(await seen.promise, null);
    stop.abort();
    await held;
  });

  it('that is refused everything sees nobody lead after a lease, and goes on by the key that the file has then', async () => {
    putKey(ownKey());
    await otherLeads();
    const sees: (string | null)[] = [];
    const seen = Promise.withResolvers<void>();
    const first = hold({
      sees: (name) => {
        sees.push(name);
        seen.resolve();
      },
    });
    await seen.promise;
    const { statusCode, body } = await listening.server.asAdmin({
      method: 'PATCH',
      url: `/policies/${listening.server.account}/policy/root`,
      payload: '- !delete {record: !host mine}',
    });
    assert.equal(statusCode, 201, body);
    await first;
    assert.deepEqual([...new Set(sees)], ['other', null]);
    const keys = await listening.server.load(
      `- !host mine\n- !grant {role: !group ${places.members}, member: !host mine}`,
    );
    putKey(keys.get(`${listening.server.account}:host:mine`) ?? assert.fail('no key'));
    const again = Promise.withResolvers<string | null>();
    const second = hold({ sees: again.resolve, fails: ({ detail }) => again.reject(new Error(detail)) });
    assert.equal(await again.promise, 'other');
    stop.abort();
    await second;
  });

  it('ends before a pass that would be made for another target by the writer of this one', async () => {
    putKey(ownKey());
    const accounts = [listening.server.account, 'elsewhere'];
    const fails: string[] = [];
    let terms = 0;
    const reread = async () => config(accounts.shift());
    await hold(
      { leads: () => void (terms += 1), fails: ({ detail }) => void fails.push(detail) },
      { reread },
    );
    assert.deepEqual([accounts, terms, fails, stop.signal.aborted], [[], 1, [], false]);
    assert.deepEqual([...desk.report.counts.passes], [['interrupted', 1]]);
    assert.equal(role.standing().role, 'standby');
  });

  it('leaves the lead to another one when its passes fail, and goes on taking part', async () => {
    putKey(ownKey());
    let readings = 0;
    const leads = Promise.withResolvers<void>();
    const sees = Promise.withResolvers<string | null>();
    const reread = async () => {
      readings += 1;
      if (readings === 1) return config();
      throw new Problem('config_invalid', 'it has a fault.');
    };
    const held = hold({ leads: () => leads.resolve(), sees: sees.resolve }, { reread });
    await leads.promise;
    await otherLeads();
    assert.equal(await sees.promise, 'other');
    assert.ok(readings > 3, `${readings} readings`);
    stop.abort();
    await held;
  });
});
