import type { Way } from '../../core/drill/history.ts';
import { type ClientSetting, write } from '../clients/clients.ts';
import type { RoundLog } from '../clients/log.ts';
import { cutByClient, Session } from '../clients/session.ts';
import type { Endpoint } from '../target.ts';
import { type Fault, nodeNamed, type Scene, type Struck } from './fault.ts';

/** Half of them through the load balancer, half straight to the master. */
const writers = 16;
/** A write takes some ten milliseconds: so some are cut before it is done, and some after. */
const latestCutMs = 40;
const pauseMs = 10;
const requestMs = 4000;
/** So many cut requests make a storm. */
const enough = 100;
const enoughMs = 60_000;
/** The numbers of other clients begin at 1. */
const firstClient = 1001;

/** Faults of clients. */
export const storms: readonly Fault[] = [
  {
    name: 'cancel-storm',
    about: `${writers} clients write and drop their connections in mid-request, for two ttl`,
    lastsTtls: 2,
    writers,
    anywhere: true,
    keepsMaster: true,
    strike: storm,
  },
];

async function storm(scene: Scene): Promise<Struck> {
  const { target, status, log, signal } = scene;
  const master = await nodeNamed(target, status.master);
  const over = new AbortController();
  const isCut = cutsIn(log);
  const clients = scene.clients.keys.map((keys, at) => {
    const direct = at % 2 === 1;
    const way: Way = direct ? { kind: 'node', node: master.name } : { kind: 'balancer' };
    return startWriter(
      scene,
      { way, endpoint: direct ? master.api : target.balancer, at, keys },
      over.signal,
    );
  });
  return {
    targets: [master.name],
    takesEffect: () =>
      log.until(() => isCut() >= enough, AbortSignal.any([signal, AbortSignal.timeout(enoughMs)])),
    undo: async () => {
      over.abort();
      await Promise.all(clients);
    },
  };
}

interface StormWriter {
  readonly way: Way;
  readonly endpoint: Endpoint;
  readonly at: number;
  readonly keys: readonly string[];
}

async function startWriter(
  { target, log, clients, random }: Scene,
  { way, endpoint, at, keys }: StormWriter,
  signal: AbortSignal,
): Promise<void> {
  const session = new Session(endpoint);
  session.useToken(clients.token);
  const setting: ClientSetting = {
    client: firstClient + at,
    clock: clients.clock,
    log,
    session,
    way,
    account: target.account,
    pauseMs,
    timeoutMs: requestMs,
    cutAfterMs: () => random.below(latestCutMs),
    signal,
  };
  await write(setting, keys, clients.written);
  session.close();
}

/** Counts the requests that were cut from now on; each look goes on where the last one ended. */
function cutsIn(log: RoundLog): () => number {
  let at = log.operations.length;
  let count = 0;
  return () => {
    for (; at < log.operations.length; at += 1) {
      if (log.operations[at]?.because === cutByClient) count += 1;
    }
    return count;
  };
}
