import { type App, inTurns, makeApps } from './apps.ts';
import type { Figure } from './figure.ts';
import { startSetting } from './setting.ts';
import { inTurn } from './turns.ts';

const size = 20;

/** GET of twenty secrets at once, each decided, decrypted and recorded. */
export async function run(rounds: number, seconds: number): Promise<Figure> {
  const setting = await startSetting();
  try {
    const ours = await setting.serve('serve-ours.ts');
    const reference = await setting.serve('serve-reference.ts');
    const apps = await makeApps(setting, ours.port);
    const idsOf = (app: App, index: number): string =>
      Array.from({ length: size }, (_, more) => {
        const name = app.variables[(index + more) % app.variables.length] ?? '';
        return encodeURIComponent(`${setting.account}:variable:${name}`);
      }).join(',');
    const batches = inTurns(apps, (app, index) => ({
      method: 'GET',
      path: `/secrets?variable_ids=${idsOf(app, index)}`,
      headers: { Authorization: app.authorization },
    }));
    const rows = inTurns(apps, (app, index) => ({
      method: 'GET',
      path: `/many?ids=${idsOf(app, index)}`,
      headers: {},
    }));
    const about = { name: 'batch', unit: 'requests/s', goal: 'ratio >= 0.4' };
    const sides = {
      ours: { server: ours, requests: batches },
      reference: { server: reference, requests: rows },
    };
    return await inTurn(setting, about, sides, { connections: 32, rounds, seconds });
  } finally {
    await setting.stop();
  }
}
