import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { publishedPolicy } from '../core/election/conjur/policy-text.ts';
import { type ApiLab, startApiLab } from './testing/api-lab.ts';

const expiration = 'conjur/vault-synchronizer/leader-expiration';
const leader = 'conjur/vault-synchronizer/leader';
const members = 'conjur/vault-synchronizer/members';
const writers = 'conjur/vault-synchronizer/leader/writers';

interface Finding {
  readonly area: string;
  readonly level: string;
  readonly sentence: string;
  readonly advice: string | null;
}

describe('what synchronizers need for an election, on a real server', { timeout: 300_000 }, () => {
  let lab: ApiLab;
  let fenced: string;
  before(async () => {
    lab = await startApiLab();
    await lab.logIn('admin', lab.adminApiKey);
    fenced = await configFor('sync1', 'election: {protocol: fenced}');
  });
  after(() => lab.stop());

  const configFor = (name: string, election: string, source = '{kind: directory, path: source}') =>
    lab.file(
      `${name}.yml`,
      `vault: corp
target: {url: '${lab.url}', account: ${lab.server.account}, login: host/conjur/vault-synchronizer/${name}, apiKeyFile: ${name}.key}
source: ${source}
stateDirectory: state
${election}
`,
    );
  const sync = (...args: readonly string[]) => lab.holdfast(['sync', ...args]);
  const key = (name: string): string => join(lab.home, `${name}.key`);
  const findings = async (config: string): Promise<readonly Finding[]> =>
    JSON.parse((await sync('doctor', '--config', config, '--json')).stdout);
  const faults = async (config: string): Promise<readonly Finding[]> =>
    (await findings(config)).filter(({ area, level }) => area === 'election' && level !== 'ok');
  const may = async (role: string, privilege: string, resource: string): Promise<boolean> => {
    const { account } = lab.server;
    const [kind = '', identifier = ''] = resource.split(':');
    const query = new URLSearchParams({ check: 'true', privilege, role: `${account}:${role}` }).toString();
    const url = `/resources/${account}/${kind}/${encodeURIComponent(identifier)}?${query}`;
    return (await lab.server.asAdmin({ method: 'GET', url })).statusCode === 204;
  };
  const load = async (method: 'POST' | 'PATCH', branch: string, policy: string): Promise<void> => {
    const url = `/policies/${lab.server.account}/policy/${encodeURIComponent(branch)}`;
    const answer = await lab.server.asAdmin({ method, url, payload: policy });
    assert.equal(answer.statusCode, 201, answer.body);
  };
  /** What the doctor says while something is not as it should be. */
  const faultsWhile = async (ruin: readonly [string, string], mend: readonly [string, string]) => {
    await load('PATCH', ...ruin);
    const found = await faults(fenced);
    await load('PATCH', ...mend);
    return found;
  };

  it('enrols nobody before the policies are there, and says so', async () => {
    const { code, stderr } = await sync('enroll', 'sync1', '--key-file', key('sync1'));
    assert.deepEqual([code, /Run "holdfast sync init" first/u.test(stderr)], [1, true], stderr);
    await assert.rejects(stat(key('sync1')));
  });

  it('takes over from the published policy, and can be repeated', async () => {
    await lab.server.load(publishedPolicy());
    assert.equal(await may(`group:${members}`, 'update', `variable:${expiration}`), true);
    const dry = await sync('init', '--config', fenced, '--dry-run');
    assert.equal(dry.code, 0, dry.stderr);
    for (const line of ['- !group fence', '- !group corp-admins', '- !deny'])
      assert.ok(dry.stdout.includes(line), `${line}\n${dry.stdout}`);
    assert.equal(await may(`group:${members}`, 'update', `variable:${expiration}`), true);

    const first = await sync('init', '--config', fenced);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /✓ the branch corp is written by .*writers/u);
    assert.deepEqual(
      [
        await may(`group:${members}`, 'update', `variable:${expiration}`),
        await may(`group:${members}`, 'execute', `variable:${expiration}`),
        await may(`group:${writers}`, 'update', `variable:${expiration}`),
        await may(`group:${writers}`, 'create', 'policy:corp'),
        await may(`group:${members}`, 'update', 'policy:corp'),
        await may(`group:${members}`, 'read', 'policy:corp'),
      ],
      [false, true, true, true, false, true],
    );
    const second = await sync('init', '--config', fenced);
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stderr, /There already: the fenced election/u);
    assert.doesNotMatch(second.stderr, /^✓/mu);
  });

  it('takes back what another policy than root gave, and names hosts that no election fences', async () => {
    await load(
      'POST',
      'conjur',
      '- !permit {role: !group vault-synchronizer/members, privileges: [update], resource: !variable vault-synchronizer/leader-expiration}',
    );
    const direct = '{role: !group corp-admins, member: !host direct}';
    await load('POST', 'root', `- !host direct\n- !grant ${direct}`);
    const { code, stderr } = await sync('init', '--config', fenced);
    assert.deepEqual([code, /! The host direct may write/u.test(stderr)], [0, true], stderr);
    assert.equal(await may(`group:${members}`, 'update', `variable:${expiration}`), false);
    await load('PATCH', 'root', `- !revoke ${direct}`);
    assert.doesNotMatch((await sync('init', '--config', fenced)).stderr, /direct/u);
  });

  it('takes members out of the branch by the policy that put them there, or says that they are there still', async () => {
    const nested = await lab.file(
      'nested.yml',
      (await readFile(fenced, 'utf8')).replace('vault: corp', 'vault: other\nbranch: data'),
    );
    await load('POST', 'root', '- !policy data');
    const first = await sync('init', '--config', nested);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /! The same election decides who writes to corp\./u);
    const grant = `{role: !group data/other-admins, member: !group ${members}}`;
    await load('POST', 'root', `- !grant ${grant}`);
    const second = await sync('init', '--config', nested);
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stderr, /✓ members write as the writer of their term alone/u);
    assert.equal(await may(`group:${members}`, 'update', 'policy:data/other'), false);
    // Granted by no policy: no policy takes it back.
    const url = `/roles/${lab.server.account}/group/data%2Fother-admins?members&member=${lab.server.account}:group:${encodeURIComponent(members)}`;
    assert.equal((await lab.server.asAdmin({ method: 'POST', url })).statusCode, 204);
    const third = await sync('init', '--config', nested);
    assert.deepEqual(
      [third.code, /The election fences nobody yet/u.test(third.stderr)],
      [1, true],
      third.stderr,
    );
    assert.equal((await lab.server.asAdmin({ method: 'DELETE', url })).statusCode, 204);
    await load('PATCH', 'root', '- !delete {record: !policy data}');
  });

  it('writes the key of a new host into a file of its own, and shows it nowhere', async () => {
    const made = await sync('enroll', 'sync1', '--key-file', key('sync1'));
    assert.equal(made.code, 0, made.stderr);
    const first = (await readFile(key('sync1'), 'utf8')).trim();
    assert.equal((await stat(key('sync1'))).mode & 0o777, 0o600);
    assert.ok(first.length > 20);
    assert.equal(
      await may('host:conjur/vault-synchronizer/sync1', 'execute', `variable:${expiration}`),
      true,
    );

    const again = await sync('enroll', 'sync1', '--key-file', key('sync1'), '--rotate');
    assert.deepEqual([again.code, /is there already, and is not overwritten/u.test(again.stderr)], [2, true]);
    const other = await sync('enroll', 'sync1', '--key-file', key('other'));
    assert.deepEqual([other.code, /say --rotate/u.test(other.stderr)], [1, true], other.stderr);
    await assert.rejects(stat(key('other')));
    assert.deepEqual(
      (await faults(fenced)).map(({ sentence }) => sentence),
      [],
    );

    await writeFile(key('interrupted'), '', { mode: 0o644 });
    const rotated = await sync('enroll', 'sync1', '--key-file', key('interrupted'), '--rotate');
    assert.equal(rotated.code, 0, rotated.stderr);
    assert.equal((await stat(key('interrupted'))).mode & 0o777, 0o600);
    const fresh = (await readFile(key('interrupted'), 'utf8')).trim();
    assert.notEqual(fresh, first);
    assert.match((await sync('doctor', '--config', fenced)).stdout, /log in as host/u);
    await writeFile(key('sync1'), fresh);
    for (const printed of [made, again, other, rotated]) {
      for (const secret of [first, fresh])
        assert.equal(`${printed.stdout}${printed.stderr}`.includes(secret), false);
    }
    assert.equal((await sync('enroll', '../x')).code, 2);
  });

  it('finds nothing wrong where nothing is, and leaves nothing behind', async () => {
    const count = async () => {
      const url = `/resources/${lab.server.account}?count=true`;
      return (await lab.server.asAdmin({ method: 'GET', url })).body;
    };
    const rows = await count();
    const found = await findings(fenced);
    assert.deepEqual(
      found.filter(({ area, level }) => area === 'election' && level !== 'ok'),
      [],
    );
    const said = found.map(({ sentence }) => sentence).join('\n');
    for (const words of [
      /reads conjur\/vault-synchronizer\/leader-expiration/u,
      /depose a leader \(PUT\) would succeed/u,
      /become the leader \(POST\) would succeed/u,
      /The writer of a term may write to corp, and .* itself may not/u,
      /clocks .* agree/u,
    ])
      assert.match(said, words);
    assert.equal(await count(), rows);
  });

  it('names each privilege that is missing, and the way out', async () => {
    const permit = (tag: string, privilege: string, resource: string) =>
      `- !${tag} {role: !group ${members}, privileges: [${privilege}], resource: ${resource}}`;
    const variable = `!variable ${expiration}`;
    const execute = await faultsWhile(
      ['root', permit('deny', 'execute', variable)],
      ['root', permit('permit', 'execute', variable)],
    );
    assert.match(execute[0]?.sentence ?? '', /has not execute on the variable/u);
    assert.match(execute[0]?.advice ?? '', /sync init.*sync enroll/u);

    const update = await faultsWhile(
      ['root', permit('permit', 'update', variable)],
      ['root', permit('deny', 'update', variable)],
    );
    assert.equal(update.length, 1);
    assert.match(update[0]?.sentence ?? '', /as the published policy has it/u);

    const group = await faultsWhile(
      ['root', permit('deny', 'update', `!group ${writers}`)],
      ['root', permit('permit', 'update', `!group ${writers}`)],
    );
    assert.match(
      group[0]?.sentence ?? '',
      /has not update on the group .*writers, so no leader can be deposed/u,
    );

    const renewal = (tag: string) =>
      `- !${tag} {role: !group ${writers}, privileges: [update], resource: ${variable}}`;
    const unrenewed = await faultsWhile(['root', renewal('deny')], ['root', renewal('permit')]);
    assert.equal(unrenewed.length, 1);
    assert.match(
      unrenewed[0]?.sentence ?? '',
      /writers has not update on the variable .*leader-expiration: nobody who is elected could renew/u,
    );

    const grant = `{role: !group corp-admins, member: !group ${writers}}`;
    const target = await faultsWhile(['root', `- !revoke ${grant}`], ['root', `- !grant ${grant}`]);
    const lacked = (found: readonly Finding[]) =>
      found.map(({ sentence }) => /writers has not (\w+) on the policy corp/u.exec(sentence)?.[1]);
    assert.deepEqual(lacked(target), ['read', 'create', 'update']);
    const some = (tag: string) =>
      `- !${tag} {role: !group ${writers}, privileges: [create, update], resource: !policy corp}`;
    const unread = await faultsWhile(
      ['root', `- !revoke ${grant}\n${some('permit')}`],
      ['root', `- !grant ${grant}\n${some('deny')}`],
    );
    assert.deepEqual(lacked(unread), ['read'], JSON.stringify(unread));

    const own = `{role: !group corp-admins, member: !group ${members}}`;
    const unfenced = await faultsWhile(['root', `- !grant ${own}`], ['root', `- !revoke ${own}`]);
    assert.match(unfenced[0]?.sentence ?? '', /has create on the policy corp by itself/u);

    const unseen = await faultsWhile(
      ['root', permit('deny', 'read', '!policy corp')],
      ['root', permit('permit', 'read', '!policy corp')],
    );
    assert.match(unseen[0]?.sentence ?? '', /does not see the policy corp/u);
    assert.equal(unseen[0]?.level, 'fault');
    assert.deepEqual(await faults(fenced), []);
  });

  it('names what does not belong below the leader', async () => {
    await load('POST', leader, '- !host current-leader\n- !host writer-ab\n- !variable stray');
    await load(
      'POST',
      'root',
      `- !group {id: ${leader}/foreign, owner: !user admin}\n- !permit {role: !group ${members}, privileges: [read], resource: !group ${leader}/foreign}`,
    );
    const found = await faults(fenced);
    assert.match(
      found.map(({ sentence }) => sentence).join('\n'),
      /The variable .*\/stray is none of an election's/u,
    );
    assert.match(
      found.map(({ sentence }) => sentence).join('\n'),
      /has not update on the group .*\/foreign/u,
    );
    assert.equal(
      found.some(({ sentence }) => /current-leader is none|writer-ab is none/u.test(sentence)),
      false,
    );
    await load('PATCH', 'root', `- !delete {record: !group ${leader}/foreign}`);
    await load(
      'PATCH',
      leader,
      '- !delete {record: !variable stray}\n- !delete {record: !host current-leader}\n- !delete {record: !host writer-ab}',
    );
    assert.deepEqual(await faults(fenced), []);
  });

  it('tells of what lies there and cannot be seen, as the same layout of another account', async () => {
    await load('POST', 'root', `- !group {id: ${leader}/hidden, owner: !user admin}`);
    const found = await faults(fenced);
    await load('PATCH', 'root', `- !delete {record: !group ${leader}/hidden}`);
    assert.equal(found.length, 1, JSON.stringify(found));
    assert.match(found[0]?.sentence ?? '', /depose a leader \(PUT\) fails/u);
    assert.match(found[0]?.advice ?? '', /the same layout in another account/u);
  });

  it('says when a host is no member, and when credentials of a line of business cannot be read', async () => {
    const keys = await lab.server.load('- !host conjur/vault-synchronizer/stranger');
    await lab.file('stranger.key', [...keys.values()][0] ?? '');
    const [found] = await faults(await configFor('stranger', 'election:'));
    assert.match(found?.sentence ?? '', /sees no .*leader-expiration in the account/u);
    assert.match(found?.advice ?? '', /synchronizers of two accounts elect a leader each/u);

    const pam = `{kind: cyberark-pam, url: 'http://127.0.0.1:9', linesOfBusiness: [{name: bank, variable: conjur/vault-synchronizer/vault-lines-of-business/lob-1}]}`;
    const config = await configFor('sync1', 'election:', pam);
    const source = (await findings(config)).filter(({ area }) => area === 'source');
    assert.match(source[0]?.sentence ?? '', /bank: the variable .*lob-1 is not there, has no value/u);
    await configFor('sync1', 'election: {protocol: fenced}');
  });

  it('names the server setting under which a leader gets no API key', async () => {
    const { settings } = lab.server.context;
    const changed = Object.assign(settings, { hostApiKeys: false });
    const found = await faults(fenced);
    Object.assign(changed, { hostApiKeys: true });
    assert.match(found[0]?.sentence ?? '', /become the leader \(POST\) fails/u);
    assert.match(found[0]?.advice ?? '', /authn_api_key_default=false/u);
  });

  it('serves one synchronizer alone, and moves to an election later', async () => {
    const alone = await configFor('alone', '');
    const undoing = await sync('init', '--config', alone);
    assert.deepEqual(
      [undoing.code, /is written by the leader of an election.*Add "election"/u.test(undoing.stderr)],
      [1, true],
      undoing.stderr,
    );
    assert.equal(await may(`group:${members}`, 'create', 'policy:corp'), false);
    await load('PATCH', 'root', `- !revoke {role: !group corp-admins, member: !group ${writers}}`);
    assert.equal((await sync('init', '--config', alone)).code, 0);
    assert.equal((await sync('enroll', 'alone', '--key-file', key('alone'))).code, 0);
    assert.equal(await may('host:conjur/vault-synchronizer/alone', 'create', 'policy:corp'), true);
    const { code, stdout } = await sync('doctor', '--config', alone);
    assert.match(stdout, /has create on the policy corp\.$/mu);
    assert.match(stdout, /takes itself for the only one/u);
    assert.equal(code, 1, 'there is no source');
    const beside = (await faults(fenced)).map(({ sentence }) => sentence).join('\n');
    assert.match(beside, /has create on the policy corp by itself/u);
    const moved = await sync('init', '--config', fenced);
    assert.match(moved.stderr, /✓ members write as the writer of their term alone/u);
    assert.deepEqual(await faults(fenced), []);
  });

  it('sets up the published protocol when it is told to, with a warning, and takes it back', async () => {
    const published = await configFor('plain', 'election: {protocol: published}');
    const undone = /is fenced, and this undoes it: .*--protocol fenced" puts it back/u;
    const dry = await sync('init', '--config', published, '--dry-run');
    assert.match(dry.stderr, undone);
    const made = await sync('init', '--config', published);
    assert.match(made.stderr, undone);
    assert.doesNotMatch((await sync('init', '--config', published)).stderr, undone, 'it is undone already');
    assert.deepEqual(
      [made.code, /two synchronizers may write at a time/u.test(made.stderr)],
      [0, true],
      made.stderr,
    );
    assert.equal((await sync('enroll', 'plain', '--key-file', key('plain'))).code, 0);
    const found = await findings(published);
    assert.deepEqual(
      found.filter(({ area, level }) => area !== 'source' && level !== 'ok'),
      [],
    );
    assert.equal(await may('host:conjur/vault-synchronizer/plain', 'update', `variable:${expiration}`), true);
    const there = (await faults(fenced)).map(({ sentence }) => sentence).join('\n');
    assert.match(there, /as the published policy has it/u);
    assert.match(there, /has update on the policy corp by itself/u);
    assert.equal((await sync('init', '--config', fenced)).code, 0);
    assert.deepEqual(await faults(fenced), []);
    assert.match(
      (await faults(published)).map(({ sentence }) => sentence).join('\n'),
      /has not update on the variable .*leader-expiration/u,
    );
  });
});
