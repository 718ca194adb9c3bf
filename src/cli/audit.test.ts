import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ApiLab, startApiLab } from './testing/api-lab.ts';

describe('holdfast audit list', { timeout: 120_000 }, () => {
  let lab: ApiLab;
  before(async () => {
    lab = await startApiLab();
    lab.server.time.now = Date.parse('2026-01-01T12:00:00.000Z');
    lab.server.become();
    const keys = await lab.server.load('- !variable db/password\n- !user eve');
    await lab.server.asAdmin({
      method: 'POST',
      url: '/secrets/demo/variable/db%2Fpassword',
      payload: 'canary-value',
    });
    const authorization = await lab.server.tokenFor('eve', keys.get('demo:user:eve') ?? '');
    const url = '/secrets/demo/variable/db%2Fpassword';
    assert.equal((await lab.server.app.inject({ url, headers: { authorization } })).statusCode, 404);
    await lab.logIn('admin', lab.adminApiKey);
  });
  after(() => lab.stop());

  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await lab.holdfast(['audit', ...args]);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };

  it('shows people when, who, what, and what came of it', async () => {
    const [heading, ...lines] = (await ok('list', '--resource', 'variable:db/password'))
      .trimEnd()
      .split('\n');
    assert.match(heading ?? '', /^TIME +WHO +WHAT +RESULT$/u);
    assert.match(
      lines[0] ?? '',
      /^2026-01-01 12:00:00\.000Z +user:eve +fetch variable:db\/password +failure$/u,
    );
    assert.match(lines[1] ?? '', /user:admin +update variable:db\/password +success$/u);
    assert.match(lines[2] ?? '', /user:admin +add variable:db\/password +success$/u);
    assert.equal(lines.length, 3);
  });

  it('gives programs the records as the API has them', async () => {
    const records: readonly { readonly message: string }[] = JSON.parse(
      await ok('list', '--role', 'user:eve', '--limit', '1', '--offset', '0', '--json'),
    );
    assert.deepEqual(
      records.map(({ message }) =>
        message.startsWith('demo:user:eve tried to fetch demo:variable:db/password'),
      ),
      [true],
    );
    const early = ['--entity', 'demo:user:eve', '--until', '2025-12-31', '--json'];
    assert.deepEqual(JSON.parse(await ok('list', ...early)), []);
    assert.equal(await ok('list', '--since', '2026-01-01T12:00:01Z'), '');
  });

  it('refuses what it cannot understand, before anything is sent', async () => {
    for (const [args, says] of [
      [['list', '--limit', '-1'], /--limit/u],
      [['list', '--since', 'garbage'], /--since: "garbage" is no time/u],
      [['list', '--until', '2026-02-30'], /--until/u],
      [['list', '--resource', 'nonsense'], /--resource: .*kind:id/u],
      [['list', '--colour', 'red'], /unknown option/u],
      [['follow', '--json', '--rfc5424'], /cannot be used with/u],
      [['export', '--format', 'xml'], /json, rfc5424/u],
      [[], /./u],
    ] as const) {
      const { code, stdout, stderr } = await lab.holdfast(['audit', ...args]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, says);
    }
    const { code, stderr } = await lab.holdfast(['audit', 'list', '--limit', '5000']);
    assert.equal(code, 1);
    assert.match(stderr, /must not exceed 1000/u);
  });
});
