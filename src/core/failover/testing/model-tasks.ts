import { type InstanceName, instanceNames } from '../cluster-state.ts';
import type { TaskView } from '../view.ts';
import type { ModelInstance } from './model-instance.ts';
import { isBeginningOf } from './model-log.ts';
import type { ModelNode } from './model-node.ts';

/** Long work of a node: one slot, beside the turns, gone with the agent's life. A failure keeps the slot for a second. */
export function beginTask(node: ModelNode, kind: TaskView['kind'], source: string): void {
  if (node.task?.state === 'running') return;
  const run = ++node.taskRun;
  node.task = { kind, state: 'running', detail: `${kind} under way` };
  const end = (ok: boolean): void => {
    node.copying = false;
    for (const name of instanceNames) node.instances[name].starting = false;
    node.agentAfter(ok ? 0 : 1000, () => {
      if (run !== node.taskRun) return;
      node.task = { kind, state: ok ? 'done' : 'failed', detail: kind };
      node.wake();
    });
  };
  const go = (ms: number, next: () => void): void =>
    node.agentAfter(ms, () => run === node.taskRun && next());
  work[kind](node, source, go, end);
}

/** Ends the work under way where it stands. */
export function cancelTask(node: ModelNode): void {
  node.taskRun += 1;
  node.copying = false;
  for (const name of instanceNames) node.instances[name].starting = false;
  if (node.task?.state === 'running') node.task = { ...node.task, state: 'failed' };
}

type Go = (ms: number, next: () => void) => void;
type Work = (node: ModelNode, source: string, go: Go, end: (ok: boolean) => void) => void;

/** A follower's *audit* is its own: neither copied nor rewound. */
function copied(node: ModelNode): readonly InstanceName[] {
  return node.kind === 'follower' ? ['data'] : instanceNames;
}

const work: Record<TaskView['kind'], Work> = {
  checkpoint: (node, _source, go, end) => go(node.world.between(5, 60), () => end(true)),

  start: (node, _source, go, end) => {
    const stopped = instanceNames.map((name) => node.instances[name]).filter((i) => i.present && !i.up);
    if (node.edge.startsRuined !== true && stopped.some((i) => i.ruined)) return end(false);
    for (const instance of stopped) instance.starting = true;
    go(node.world.between(60, 300), () => {
      if (node.world.mishap('start', node)) return end(false);
      for (const instance of stopped) {
        instance.starting = false;
        instance.start(node.life, node.kind === 'follower' && instance.kind === 'audit');
        if (!instance.broken) continue;
        instance.earlyEnds += 1;
        node.agentAfter(5, () => node.killInstance(instance.kind));
      }
      end(true);
    });
  },

  stop: (node, _source, go, end) => stopBoth(node, go, end),

  rewind: (node, source, go, end) => {
    stopBoth(node, go, () => {
      eachFrom(node, source, go, end, (instance, from) => {
        // The marker stands from before pg_rewind looks until it is done, also where it finds nothing to do.
        node.world.judge.destroys(node, instance);
        // What it shows from then on looks like the source's log; what is in it is a mix.
        if (!isBeginningOf(instance.log, from.log)) instance.log = from.log;
        instance.ruined = true;
        return () => {
          instance.ruined = false;
          instance.needsLog = true;
        };
      });
    });
  },

  copy: (node, source, go, end) => {
    stopBoth(node, go, () => {
      node.copying = true;
      const done = (ok: boolean): void => {
        if (ok) node.copyNeeded = false;
        end(ok);
      };
      eachFrom(node, source, go, done, (instance, from) => () => {
        instance.log = from.log;
        instance.present = true;
        instance.ruined = false;
        instance.unproven = true;
        instance.logLost = false;
        instance.broken = false;
        instance.earlyEnds = 0;
      });
    });
  },
};

function stopBoth(node: ModelNode, go: Go, end: (ok: boolean) => void): void {
  const both = instanceNames.map((name) => node.instances[name]);
  for (const instance of both) if (instance.up) instance.beginStop();
  let left = 12;
  const look = (): void => {
    left -= 1;
    const slow = both.some((i) => i.up && (i.frozen !== 'no' || !i.drained));
    if (slow && left > 0) return go(150, look);
    for (const instance of both) instance.die();
    end(true);
  };
  go(node.world.between(10, 60), look);
}

/** Works on each instance in its own time, from the same instance of `source`, which has to last. */
function eachFrom(
  node: ModelNode,
  source: string,
  go: Go,
  end: (ok: boolean) => void,
  begin: (instance: ModelInstance, from: ModelInstance) => () => void,
): void {
  let left = copied(node).length;
  let good = true;
  const ended = (ok: boolean): void => {
    good &&= ok;
    left -= 1;
    if (left === 0) end(good);
  };
  for (const name of copied(node)) {
    const instance = node.instances[name];
    const from = node.world.resolve(source, name);
    const usable = (): boolean =>
      from !== null &&
      from.up &&
      !from.recovery &&
      from.frozen === 'no' &&
      node.world.reachable(node.name, from.node);
    if (from === null || !usable()) {
      go(node.world.between(5, 300), () => ended(false));
      continue;
    }
    const finish = begin(instance, from);
    const process = from.process;
    go(node.world.between(100, node.world.longWorkMs), () => {
      if (!usable() || from.process !== process || node.world.mishap('repair', node)) return ended(false);
      finish();
      ended(true);
    });
  }
}
