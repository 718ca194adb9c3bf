import { prepareAudit } from '../src/store/provision.ts';
import { startTemporaryPostgres } from '../src/store/testing/temporary-postgres.ts';
import { startTemporaryStandby } from '../src/store/testing/temporary-standby.ts';
import { makeApps, readsOf } from './apps.ts';
import type { Figure } from './figure.ts';
import { parameters, type Setting, startSetting } from './setting.ts';
import { inTurn, type Side } from './turns.ts';

/** GET of one secret at a follower, and at the master: the same requests, recorded by each in an audit trail of its own. */
export async function run(rounds: number, seconds: number): Promise<Figure> {
  const setting = await startSetting();
  try {
    const master = await setting.serve('serve-ours.ts');
    const requests = readsOf(setting, await makeApps(setting, master.port));
    return await beside(setting, async (follower) => {
      const about = { name: 'follower-reads', unit: 'requests/s', goal: 'ratio >= 0.9' };
      const sides = { ours: { ...follower, requests }, reference: { server: master, requests } };
      return inTurn(setting, about, sides, { connections: 32, rounds, seconds });
    });
  } finally {
    await setting.stop();
  }
}

/** A standby that streams from the master's data instance, an audit instance of its own, and a server on both. */
async function beside<T>(
  setting: Setting,
  measured: (follower: Omit<Side, 'requests'>) => Promise<T>,
): Promise<T> {
  const data = await startTemporaryStandby(setting.data, parameters);
  try {
    const audit = await startTemporaryPostgres(setting.data, parameters);
    try {
      await prepareAudit(audit.address);
      const ports = { dataPort: data.address.port, auditPort: audit.address.port };
      return await measured({
        server: await setting.serve('serve-ours.ts', { ...ports, follower: true }),
        audit,
      });
    } finally {
      await audit.stop();
    }
  } finally {
    await data.stop();
  }
}
