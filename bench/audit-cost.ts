import { makeApps, readsOf } from './apps.ts';
import type { Figure } from './figure.ts';
import { startSetting } from './setting.ts';
import { inTurn } from './turns.ts';

/** What of the rate of reads is left with the audit trail: the same server, and the same that records nothing. */
export async function run(rounds: number, seconds: number): Promise<Figure> {
  const setting = await startSetting();
  try {
    const ours = await setting.serve('serve-ours.ts');
    const reference = await setting.serve('serve-ours.ts', { unaudited: true });
    const requests = readsOf(setting, await makeApps(setting, ours.port));
    const about = { name: 'audit-cost', unit: 'requests/s', goal: 'ratio >= 0.6' };
    const sides = { ours: { server: ours, requests }, reference: { server: reference, requests } };
    return await inTurn(setting, about, sides, { connections: 32, rounds, seconds });
  } finally {
    await setting.stop();
  }
}
