import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../core/problem.ts';
import { type Call, type Result, Session } from './clients/session.ts';
import type { Endpoint, Target } from './target.ts';

/** The policy below which a drill keeps its variables. */
export const branch = 'holdfast-drill';
const writers = 4;
/** Enough for two minutes at full speed: twenty writes a key. */
const keysPerWriter = 300;
const keysPerNode = 80;
const keysPerOwnWriter = 20;
const loadMs = 60_000;
const persistMs = 30_000;
const persistPauseMs = 250;
const renewMs = 1500;

/** The variables of one round: keys of their own for each writer. */
export interface RoundPolicy {
  /** Its name in the cluster, below everything that drills make. */
  readonly id: string;
  readonly text: string;
  readonly balancerKeys: readonly (readonly string[])[];
  readonly nodeKeys: ReadonlyMap<string, readonly string[]>;
  /** Of writers that the fault brings. */
  readonly ownKeys: readonly (readonly string[])[];
}

/**
 * @param round a name that no other round of this cluster has had
 * @param ownWriters how many the fault brings
 */
export function roundPolicy(round: string, nodes: readonly string[], ownWriters: number): RoundPolicy {
  const balancer = Array.from({ length: writers }, (_, writer) => `w${writer}`);
  const named = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  const balancerNames = balancer.map((prefix) => named(prefix, keysPerWriter));
  const nodeNames = nodes.map((node): readonly [string, readonly string[]] => [
    node,
    named(`n-${node}`, keysPerNode),
  ]);
  const ownNames = Array.from({ length: ownWriters }, (_, writer) => named(`o${writer}`, keysPerOwnWriter));
  const all = [...balancerNames.flat(), ...nodeNames.flatMap(([, names]) => names), ...ownNames.flat()];
  const lines = all.map((name) => `      - !variable ${name}`);
  const text = `- !policy\n  id: ${branch}\n  body:\n  - !policy\n    id: ${round}\n    body:\n${lines.join('\n')}\n`;
  const full = (names: readonly string[]): readonly string[] =>
    names.map((name) => `${branch}/${round}/${name}`);
  return {
    id: `${branch}/${round}`,
    text,
    balancerKeys: balancerNames.map(full),
    nodeKeys: new Map(nodeNames.map(([node, names]) => [node, full(names)])),
    ownKeys: ownNames.map(full),
  };
}

/** A token of the target's administrator, of the node itself that is asked; null: it gives none. */
export async function tokenFrom(target: Target, endpoint: Endpoint): Promise<string | null> {
  const session = new Session(endpoint);
  try {
    const { answer } = await session.call({ ...authenticate(target), timeoutMs: renewMs });
    return answer?.status === 200 ? answer.body : null;
  } finally {
    session.close();
  }
}

/** A token of the target's administrator. @throws Problem `api_unavailable` */
export async function login(target: Target): Promise<string> {
  const session = new Session(target.balancer);
  try {
    const { answer, because } = await persistently(() =>
      session.call({ ...authenticate(target), timeoutMs: 5000 }),
    );
    if (answer?.status === 200) return answer.body;
    throw refused(target, `authenticate: ${because}`);
  } finally {
    session.close();
  }
}

function authenticate({ account, login: name, apiKey }: Target): Omit<Call, 'timeoutMs'> {
  const path = `/authn/${account}/${encodeURIComponent(name)}/authenticate`;
  return { method: 'POST', path, body: apiKey.reveal() };
}

/** Makes the variables that a text declares. @throws Problem `api_unavailable` */
export async function loadPolicy(target: Target, policy: Pick<RoundPolicy, 'text'>): Promise<void> {
  await change(target, 'POST', policy.text);
}

/**
 * Deletes what a round has made, once nobody needs it: all rounds of a long drill together would be too much for one request.
 *
 * @throws Problem `api_unavailable`
 */
export async function removePolicy(target: Target, { id }: RoundPolicy): Promise<void> {
  await remove(target, id);
}

/** Deletes what all rounds have made. @throws Problem `api_unavailable` */
export async function removePolicies(target: Target): Promise<void> {
  await remove(target, branch);
}

async function remove(target: Target, id: string): Promise<void> {
  await change(target, 'PATCH', `- !delete\n  record: !policy ${id}\n`);
}

async function change(target: Target, method: 'POST' | 'PATCH', body: string): Promise<void> {
  const session = new Session(target.balancer);
  try {
    session.useToken(await login(target));
    const path = `/policies/${target.account}/policy/root`;
    const { outcome, because } = await persistently(() =>
      session.call({ method, path, body, timeoutMs: loadMs }),
    );
    if (outcome !== 'ok') throw refused(target, `policy: ${because}`);
  } finally {
    session.close();
  }
}

/** What is done here may be done twice, and right after a fault the load balancer may still be turning. */
export async function persistently(call: () => Promise<Result>): Promise<Result> {
  const giveUpAt = performance.now() + persistMs;
  for (;;) {
    const result = await call();
    const refusal = result.answer !== null && result.answer.status < 500;
    if (result.outcome === 'ok' || refusal || performance.now() > giveUpAt) return result;
    await sleep(persistPauseMs);
  }
}

/** The drill cannot go on without what was refused. */
export function refused({ balancer }: Target, what: string): Problem {
  return new Problem(
    'api_unavailable',
    `The API at ${balancer.url} does not do what the drill needs: ${what}.`,
  );
}
