import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type ListeningServer, listeningServer } from './listening-server.ts';

describe('a server that listens for the tests of a describe', { timeout: 60_000 }, () => {
  const listenings: ListeningServer[] = [];

  describe('while they run', () => {
    const listening = listeningServer({ settings: { listLimitMax: 3 } });
    listenings.push(listening);
    assert.throws(() => listening.server, /server is there once the server listens/u);
    assert.throws(() => listening.url, /url is there once the server listens/u);
    let inHook: string;
    before(() => {
      inHook = listening.url;
    });

    it('is there for hooks registered behind it, and answers with the settings it was given', async () => {
      assert.equal(inHook, listening.url);
      assert.equal(listening.server.context.settings.listLimitMax, 3);
      const { status } = await fetch(`${listening.url}/whoami`);
      assert.equal(status, 401);
    });
  });

  it('is stopped behind them', async () => {
    const [{ url } = assert.fail('no server')] = listenings;
    await assert.rejects(fetch(url), TypeError);
  });
});
