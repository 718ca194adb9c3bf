import { inTurns, makeApps } from './apps.ts';
import { cpuSeconds } from './cpu.ts';
import { compared, type Figure } from './figure.ts';
import { startSetting } from './setting.ts';
import { load } from './wrk.ts';

const connections = 32;

/** GET of one secret: token checked, access decided, value decrypted, audit record durable before the answer. */
export async function run(rounds: number, seconds: number): Promise<Figure> {
  const setting = await startSetting();
  try {
    const ours = await setting.serve('serve-ours.ts');
    const reference = await setting.serve('serve-reference.ts');
    const apps = await makeApps(setting, ours.port);
    const requests = inTurns(apps, (app, index) => ({
      method: 'GET',
      path: `/secrets/${setting.account}/variable/${encodeURIComponent(app.variables[index] ?? '')}`,
      headers: { Authorization: app.authorization },
    }));
    const plain = inTurns(apps, (app, index) => ({
      method: 'GET',
      path: `/one/${encodeURIComponent(`${setting.account}:variable:${app.variables[index] ?? ''}`)}`,
      headers: {},
    }));
    const measure = async (server: { port: number; pid: number }, list: typeof requests) => {
      const before = cpuSeconds(server.pid);
      const result = await load(server.port, list, { connections, seconds });
      const cpu = cpuSeconds(server.pid) - before;
      return { ...result, cpuUs: Math.round((cpu * 1e6) / (result.requestsPerSecond * seconds)) };
    };
    const results = [];
    await load(ours.port, requests, { connections, seconds: 2 });
    await load(reference.port, plain, { connections, seconds: 2 });
    for (let round = 0; round < rounds; round += 1) {
      results.push({
        ours: await measure(ours, requests),
        reference: await measure(reference, plain),
      });
    }
    const about = { name: 'reads', unit: 'requests/s', goal: 'ratio >= 0.4' };
    return compared(about, results.map((round) => ({ ours: round.ours.requestsPerSecond, reference: round.reference.requestsPerSecond })), {
      latencyMs: results.map((round) => round.ours.latencyMs),
      cpuUsOfTheServer: results.map((round) => [round.ours.cpuUs, round.reference.cpuUs]),
      failures: results.map((round) => round.ours.failures + round.reference.failures),
    });
  } finally {
    await setting.stop();
  }
}
