import { inTurns, makeApps, readsOf } from './apps.ts';
import type { Figure } from './figure.ts';
import { startSetting } from './setting.ts';
import { inTurn } from './turns.ts';

/** GET of one secret: token checked, access decided, value decrypted, audit record durable before the answer. */
export async function run(rounds: number, seconds: number): Promise<Figure> {
  const setting = await startSetting();
  try {
    const ours = await setting.serve('serve-ours.ts');
    const reference = await setting.serve('serve-reference.ts');
    const apps = await makeApps(setting, ours.port);
    const reads = readsOf(setting, apps);
    const rows = inTurns(apps, (app, index) => ({
      method: 'GET',
      path: `/one/${encodeURIComponent(`${setting.account}:variable:${app.variables[index] ?? ''}`)}`,
      headers: {},
    }));
    const about = { name: 'reads', unit: 'requests/s', goal: 'ratio >= 0.4' };
    const sides = {
      ours: { server: ours, requests: reads },
      reference: { server: reference, requests: rows },
    };
    return await inTurn(setting, about, sides, { connections: 32, rounds, seconds });
  } finally {
    await setting.stop();
  }
}
