import { describeError, isProblem } from '../../core/problem.ts';
import { packetsByComment } from './counters.ts';
import { hubExists, loadRules, runInHub } from './hub.ts';
import type { NetworkFault } from './network-fault.ts';
import { type PacketFault, packetRules } from './packet-rules.ts';

/** Packets that get lost on the bridge. @throws Problem `argument_invalid` */
export function packetFault(hub: string, title: string, fault: PacketFault): NetworkFault {
  const { table, apply, undo } = packetRules(fault);
  return {
    title,
    obstacle: async () => {
      try {
        await runInHub(hub, ['nft', 'list', 'tables']);
        return null;
      } catch (error) {
        if (isProblem(error)) return describeError(error);
        throw error;
      }
    },
    apply: () => loadRules(hub, apply),
    isInEffect: async () => {
      const { stdout } = await runInHub(hub, ['nft', '--json', 'list', 'table', 'bridge', table]);
      const packets = packetsByComment(stdout);
      return fault.directions.every((direction) => (packets.get(direction) ?? 0) > 0);
    },
    undo: async () => {
      if (hubExists(hub)) await loadRules(hub, undo);
    },
  };
}
