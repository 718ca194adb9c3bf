import { instanceNames } from '../core/failover/cluster-state.ts';
import { Problem } from '../core/problem.ts';
import { initialise } from '../instance/initialise.ts';
import type { RunningInstance } from '../instance/running-instance.ts';
import type { InstanceSettings } from '../instance/settings.ts';
import { startInstance } from '../instance/start.ts';
import type { Logger } from '../runtime/log.ts';
import type { NodeLayout } from './layout.ts';
import type { NodeConfig } from './node-config.ts';
import { instanceSettings } from './node-context.ts';
import { goOn, type Ground } from './preflight.ts';

const initdbMs = 120_000;
const readyMs = 60_000;
const stopMs = 30_000;

export interface FirstInstances extends Ground {
  readonly config: NodeConfig;
  readonly layout: NodeLayout;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Gets a way to end each postmaster as soon as it runs. */
  readonly ends: (() => Promise<unknown>)[];
}

/**
 * Makes the two instances of a new cluster and starts them read-write, waiting for nobody: there is nobody yet.
 *
 * @throws Problem `interrupted`, `instance_failed`, or as the instance room does
 */
export async function startFirstInstances(first: FirstInstances): Promise<readonly RunningInstance[]> {
  // Settled both: what one has started is known even when the other failed.
  const made = await Promise.allSettled(
    instanceNames.map((name) => startOne(instanceSettings(name, first), first)),
  );
  return made.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

async function startOne(
  settings: InstanceSettings,
  { signal, ends }: FirstInstances,
): Promise<RunningInstance> {
  await initialise(settings, { timeoutMs: initdbMs, signal });
  goOn(signal, 'init');
  const running = await startInstance(settings, { role: { kind: 'primary', synchronousNames: [] } });
  ends.push(() => running.stop('immediate', { timeoutMs: 2000 }));
  if (await running.ready({ timeoutMs: readyMs, signal })) return running;
  throw new Problem(
    'instance_failed',
    `The ${settings.name} instance was not ready within ${readyMs / 1000} s.`,
  );
}

/** In order, so that the first start of the node needs no recovery. @throws Problem `instance_failed` */
export async function stopInOrder(running: readonly RunningInstance[]): Promise<void> {
  await Promise.all(
    running.map(async (instance) => {
      const { clean } = await instance.stop('fast', { timeoutMs: stopMs });
      if (clean) return;
      throw new Problem('instance_failed', `The ${instance.settings.name} instance did not stop in order.`);
    }),
  );
}
