import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { makeApps } from './apps.ts';
import { compared, type Figure } from './figure.ts';
import { startSetting } from './setting.ts';
import { load } from './wrk.ts';

/** Authentication by API key: key checked, token signed (RSA 2048), audit record durable before the answer. */
export async function run(rounds: number, seconds: number): Promise<Figure> {
  const setting = await startSetting();
  try {
    const ours = await setting.serve('serve-ours.ts');
    const apps = await makeApps(setting, ours.port, 100, 1);
    const requests = apps.map(({ host, apiKey }) => ({
      method: 'POST',
      path: `/authn/${setting.account}/${encodeURIComponent(host)}/authenticate`,
      headers: { 'Content-Type': 'text/plain' },
      body: apiKey,
    }));
    const turns = { connections: 32, seconds };
    await load(ours.port, requests, { ...turns, seconds: 3 });
    const results = [];
    for (let round = 0; round < rounds; round += 1) {
      results.push({ ours: await load(ours.port, requests, turns), reference: await signRate(seconds) });
    }
    const rates = results.map(({ ours: one, reference }) => ({ ours: one.requestsPerSecond, reference }));
    return compared({ name: 'authn', unit: '1/s', goal: 'ratio >= 0.5' }, rates, {
      connections: turns.connections,
      latencyMs: results.map((round) => round.ours.latencyMs),
      failures: results.map((round) => round.ours.failures),
    });
  } finally {
    await setting.stop();
  }
}

/** Signatures a second of one core, as OpenSSL itself measures them. */
async function signRate(seconds: number): Promise<number> {
  const { stdout } = await promisify(execFile)('openssl', [
    'speed',
    '-mr',
    '-seconds',
    String(seconds),
    'rsa2048',
  ]);
  const rate = /^\+F2:\d+:2048:([\d.e-]+):/m.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`openssl speed said: ${stdout}`);
  return Number(rate);
}
