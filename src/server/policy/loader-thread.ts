import type { KeyObject } from 'node:crypto';
import { setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { describeError, Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import type { TrailAddress } from '../../store/audit-chain.ts';
import type { InstanceAddress } from '../../store/connection.ts';
import { type LoaderStore, openLoaderStore } from '../../store/loader-store.ts';
import type { JobAnswer, PolicyJob, ThreadCommand, ThreadMessage } from './job.ts';
import { performDryRun } from './perform-dry-run.ts';
import { performFetch } from './perform-fetch.ts';
import { performLoad } from './perform-load.ts';
import { problemMessage } from './problem-message.ts';

/** What the loader gives its thread at birth. */
export interface ThreadSettings {
  readonly data: InstanceAddress;
  readonly audit: TrailAddress;
  readonly dataKey: KeyObject;
  /** How long the transaction of a load may take, ms. */
  readonly writeMs: number;
}

const niceness = 5;

interface Means {
  readonly store: LoaderStore;
  readonly writeMs: number;
}

/** The thread of a policy loader: one job at a time, on connections of its own. */
function main(port: MessagePort, settings: ThreadSettings): void {
  const { data, audit, dataKey, writeMs } = settings;
  const store = openLoaderStore({ data, audit, dataKey: new Secret(dataKey) });
  port.on('message', (command: ThreadCommand) => {
    if (command.kind === 'job') void work(port, { store, writeMs }, command.job);
    else void store.end().finally(() => port.close());
  });
}

/** Never rejects: what goes wrong is told. */
async function work(port: MessagePort, means: Means, job: PolicyJob): Promise<void> {
  const say = (message: ThreadMessage): void => port.postMessage(message);
  try {
    const answer = await perform(means, job, () => say({ kind: 'committing' }));
    const message: ThreadMessage = { kind: 'answer', answer };
    port.postMessage(message, [answer.body.buffer]);
  } catch (error) {
    if (error instanceof Problem) say({ kind: 'problem', problem: problemMessage(error) });
    else say({ kind: 'fault', text: describeError(error) });
  }
}

function perform({ store, writeMs }: Means, job: PolicyJob, committing: () => void): Promise<JobAnswer> {
  switch (job.kind) {
    case 'load':
      return performLoad({ store, writeMs, committing }, job);
    case 'dry run':
      return performDryRun(store, job);
    case 'fetch':
      return performFetch(store, job);
  }
}

if (parentPort !== null) {
  // Of this thread alone, as Linux has it (setpriority(2)): where processors are short, requests go first.
  setPriority(niceness);
  main(parentPort, workerData);
}
