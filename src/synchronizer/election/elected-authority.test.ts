import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type ConjurClient, openClient } from '../../client/client.ts';
import type { Fetch } from '../../client/fetch.ts';
import { writeSecret } from '../../client/secrets.ts';
import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { electedAuthority, type TermAuthority, type Writer } from './elected-authority.ts';

const value = new Secret(new TextEncoder().encode('v'));

describe('the authority of a term', () => {
  let status: number;
  let isValid: boolean;
  let writer: Writer | null;
  let renewal: 'renewed' | 'gone' | Error;
  let renewals: number;
  let opened: string[];
  let ends: number;
  let authority: TermAuthority;

  const answering: Fetch = async (url) => ({
    status: url.endsWith('/authenticate') ? 200 : status,
    headers: { get: () => null },
    arrayBuffer: async () => new TextEncoder().encode('{}').buffer,
  });
  const open = ({ login, apiKey }: Writer): ConjurClient => {
    opened.push(login);
    return openClient({ fetch: answering, url: 'http://127.0.0.1:1', account: 'a', login, apiKey });
  };
  const write = (): Promise<void> => writeSecret(authority.writer(), 'x', value);

  beforeEach(() => {
    status = 201;
    isValid = true;
    writer = { login: 'host/writer-1', apiKey: new Secret('k') };
    renewal = 'renewed';
    renewals = 0;
    opened = [];
    ends = 0;
    const backend = {
      writer: () => writer,
      renewNow: async () => {
        renewals += 1;
        if (renewal instanceof Error) throw renewal;
        return renewal;
      },
    };
    authority = electedAuthority({
      backend,
      isValid: () => isValid,
      open,
      askMs: 1000,
      onOver: () => (ends += 1),
    });
  });

  const isLost = (error: unknown): boolean => isProblem(error, 'no_authority');

  it('is its writer’s, opened once', async () => {
    await write();
    await write();
    assert.deepEqual(opened, ['host/writer-1']);
  });

  it('ends with the clock, and comes back with none of its clients', () => {
    authority.writer();
    isValid = false;
    assert.throws(() => authority.writer(), isLost);
  });

  it('is not another term’s', () => {
    authority.writer();
    writer = { login: 'host/writer-2', apiKey: new Secret('k') };
    assert.throws(() => authority.writer(), isLost);
    writer = null;
    assert.throws(() => authority.writer(), isLost);
  });

  it('ends with a 401, for good', async () => {
    status = 401;
    await assert.rejects(write(), isLost);
    status = 201;
    assert.throws(() => authority.writer(), isLost);
    assert.equal(renewals, 0);
    assert.equal(authority.isLasting(), false, 'what a client tries again by itself asks this');
    assert.equal(ends, 1, 'the election is told, once: else it renews for a leader that works no more');
  });

  for (const refusal of [403, 404]) {
    it(`ends with a ${refusal} when its renewal is refused, too`, async () => {
      status = refusal;
      renewal = 'gone';
      await assert.rejects(write(), isLost);
      assert.throws(() => authority.writer(), isLost);
    });

    it(`${refusal} is a missing right when it still leads, and one renewal answers for many`, async () => {
      status = refusal;
      const code = refusal === 403 ? 'api_forbidden' : 'api_missing';
      await Promise.all(
        Array.from({ length: 20 }, () => assert.rejects(write(), (error) => isProblem(error, code))),
      );
      assert.equal(renewals, 1);
      status = 201;
      await write();
      assert.equal(ends, 0);
    });
  }

  it('a renewal that was accepted before the request says nothing of it', async () => {
    status = 403;
    await assert.rejects(write(), (error) => isProblem(error, 'api_forbidden'));
    renewal = 'gone';
    await assert.rejects(write(), isLost);
    assert.deepEqual([renewals, ends], [2, 1]);
  });

  it('a renewal that nobody answers says nothing: the refusal stands', async () => {
    status = 403;
    renewal = new Error('silence');
    await assert.rejects(write(), (error) => isProblem(error, 'api_forbidden'));
    authority.writer();
  });

  it('a read of what does not exist asks nobody', async () => {
    status = 404;
    await assert.rejects(authority.writer().send({ attempt: 'look', method: 'GET', path: '/x' }), (error) =>
      isProblem(error, 'api_missing'),
    );
    assert.equal(renewals, 0);
  });
});
