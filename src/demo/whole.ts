import { probeHealth } from './health.ts';
import { loopback } from './plan.ts';
import { callProduct } from './product.ts';
import type { Site } from './site.ts';
import { until } from './until.ts';

const limitMs = 120_000;

/** What is looked at of `holdfast status --json`. */
export interface StatusAnswer {
  readonly master: string | null;
  readonly nodes: readonly {
    readonly name: string;
    readonly streaming: boolean;
    readonly synchronous: boolean;
    readonly because: string;
  }[];
}

/**
 * Waits until there is a master, everybody streams, a standby is synchronous, and the load balancer lets clients in.
 *
 * @throws Problem `command_timeout` that says what is missing
 */
export async function becomeWhole(
  site: Site,
  signal: AbortSignal,
  detail: (text: string) => void,
): Promise<void> {
  const { plan } = site;
  const caPem = await site.caPem();
  const doors =
    plan.followersApi === null ? [plan.balancer.api] : [plan.balancer.api, plan.balancer.followers];
  const probes = doors.map((port) => probeHealth({ host: loopback, port }, caPem));
  let missing = '';
  const isWhole = async (): Promise<boolean> => {
    const printed = await callProduct({
      args: ['status', '--dir', plan.nodes[0]?.dir ?? '', '--json'],
      timeoutMs: 20_000,
      signal,
    });
    const status: StatusAnswer = JSON.parse(printed);
    const answers = await Promise.all(probes.map((probe) => probe.ask(1000)));
    const isOpen = answers.every((answer) => answer?.status === 200);
    missing = whatIsMissing(status, plan.nodes.length, Math.min(1, plan.shape.standbys));
    if (missing === '' && !isOpen) missing = 'the load balancer lets nobody in yet';
    if (missing !== '') detail(missing);
    return missing === '';
  };
  try {
    await until(
      limitMs,
      signal,
      () => `the cluster is not whole after ${limitMs / 1000} s: ${missing}.`,
      isWhole,
    );
  } finally {
    for (const probe of probes) probe.close();
  }
}

/** What a cluster of `nodeCount` nodes lacks, in a few words; empty when it is whole. */
export function whatIsMissing(status: StatusAnswer, nodeCount: number, synchronous: number): string {
  if (status.master === null) return 'there is no master';
  if (status.nodes.length < nodeCount) return `${status.nodes.length} of ${nodeCount} nodes have reported`;
  const others = status.nodes.filter(({ name }) => name !== status.master);
  const late = others.find(({ streaming }) => !streaming);
  if (late !== undefined) return `${late.name}: ${late.because}`;
  const confirmed = others.filter((node) => node.synchronous).length;
  return confirmed < synchronous ? 'no standby is synchronous yet' : '';
}
