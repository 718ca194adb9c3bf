import { tablePrefix, removal } from './packet-rules.ts';
import { Problem } from '../../core/problem.ts';

/** What delays the packets that a node sends, in the hub. */
export interface DelayPlan {
  /** The tap device that packets take on their way from the node to the bridge. */
  readonly device: string;
  readonly table: string;
  /** How socat(1) opens the device, and the program that it then becomes. */
  readonly socat: readonly string[];
  /** Makes the device a port of the bridge by which nothing leaves but what comes in by it. */
  readonly attach: readonly (readonly string[])[];
  readonly apply: string;
  readonly undo: string;
}

const longestMs = 60_000;

/**
 * The plan of a delay. Every packet that the node sends takes the detour over a tap device, on whose other side a process
 * waits before it gives the packet back. So connections of the node take that much longer for each round trip. (`tc netem`
 * would do, but not every kernel has it; this needs a tap device and socat.)
 *
 * @param bridge the bridge that the node's port belongs to
 * @param relay the words that run the relay, without blanks, commas, colons or quotes: socat gives each a meaning
 * @throws Problem `argument_invalid`
 */
export function delayPlan(
  node: string,
  delayMs: number,
  bridge: string,
  relay: readonly string[],
): DelayPlan {
  if (!/^[a-z0-9][a-z0-9._-]{0,9}$/u.test(node) || !(delayMs >= 1 && delayMs <= longestMs)) {
    throw new Problem(
      'argument_invalid',
      `A delay of the network: node "${node}" must be a short name, and ${delayMs} between 1 and ${longestMs} ms.`,
    );
  }
  const device = `slow-${node}`;
  const table = `${tablePrefix}slow_${node.replaceAll(/[.-]/gu, '_')}`;
  const undo = removal('netdev', table);
  const apply = `${undo}table netdev ${table} {
  chain ingress {
    type filter hook ingress device "${node}" priority 0; policy accept;
    counter fwd to "${device}" comment "out"
  }
}
`;
  const quiet = ['learning', 'flood', 'mcast_flood', 'bcast_flood'].flatMap((flag) => [flag, 'off']);
  return {
    device,
    table,
    socat: [
      'socat',
      `TUN,tun-type=tap,tun-name=${device},iff-no-pi,iff-up`,
      `EXEC:${[...relay, String(delayMs)].join(' ')},nofork`,
    ],
    attach: [
      ['ip', 'link', 'set', 'dev', device, 'master', bridge],
      ['ip', 'link', 'set', 'dev', device, 'type', 'bridge_slave', ...quiet],
    ],
    apply,
    undo,
  };
}
