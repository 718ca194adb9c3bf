import { instanceNames, type NodeKind } from '../cluster-state.ts';
import { decide } from '../decide.ts';
import type { ModelNode } from './model-node.ts';
import { keys } from './model-store.ts';
import { missing } from './simulate.ts';
import { type Shape, World } from './world.ts';

/** Commands, and what the nodes said while they ran. */
export interface Block {
  readonly commands: readonly string[];
  readonly said: readonly string[];
}

export interface ScenarioRun {
  /** The file as it would be recorded now. */
  readonly text: string;
  readonly rules: ReadonlySet<string>;
}

/**
 * Runs a scenario. A file is a row of blocks, parted by empty lines: commands, `----`, then what the nodes said, a line
 * for each sentence that differs from the node's last. Lines that begin with `#` are comments. The commands are the keys of
 * the tables below; `at <node> <action> <command>` saves a command for the moment before that node carries out such an action, and
 * `in <seconds> <command>` for later.
 */
export function runScenario(text: string): ScenarioRun {
  const stage = new Stage();
  const blocks = text
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      const commands = block.split('\n----')[0] ?? '';
      stage.said = [];
      for (const line of commands.split('\n')) if (!line.startsWith('#')) stage.command(line.trim());
      return stage.said.length === 0 ? commands : [commands, '----', ...stage.said].join('\n');
    });
  return { text: `${blocks.join('\n\n')}\n`, rules: stage.rules };
}

class Stage {
  said: string[] = [];
  readonly rules = new Set<string>();
  #shape: Shape = { nodes: [], ttlMs: 2000, syncCount: 1, strict: true, autoRejoin: true };
  #world: World | null = null;
  #writing = true;
  readonly #saved: { readonly node: string; readonly action: string; readonly command: string }[] = [];

  command(line: string): void {
    const [word = '', ...words] = line.split(' ');
    const setting = settings[word];
    if (setting !== undefined) this.#shape = setting(this.#shape, words);
    else if (word === 'run') this.#run(Number(words[0]) * 1000);
    else if (word === 'at') this.#save(words);
    else if (word === 'in')
      this.world.after(Number(words[0]) * 1000, () => this.command(words.slice(1).join(' ')));
    else if (word === 'whole') this.#whole();
    else if (word === 'writes') this.#writing = words[0] === 'on';
    else {
      const effect = effects[word];
      if (effect === undefined) throw new Error(`unknown command: ${line}`);
      effect(this.world, words);
    }
  }

  get world(): World {
    this.#world ??= this.#begin();
    return this.#world;
  }

  #begin(): World {
    const world = new World({
      seed: 1,
      shape: this.#shape,
      edge: {},
      calm: true,
      decide: (view, memory) => {
        const decision = decide(view, memory);
        this.rules.add(decision.rule);
        return decision;
      },
      trace: ({ node, because }) => this.said.push(`${node}: ${because}`),
    });
    world.chaos = false;
    world.aim = (node, action) => this.#fire(node.name, action.kind);
    const write = (): void => {
      if (this.#writing) writeEverywhere(world);
      world.after(40, write);
    };
    write();
    return world;
  }

  #save([node = '', action = '', ...command]: readonly string[]): void {
    this.#saved.push({ node, action, command: command.join(' ') });
  }

  #fire(node: string, action: string): void {
    for (;;) {
      const index = this.#saved.findIndex((s) => s.node === node && s.action === action);
      const [found] = index === -1 ? [] : this.#saved.splice(index, 1);
      if (found === undefined) return;
      this.command(found.command);
    }
  }

  #run(ms: number): void {
    const { queue } = this.world;
    const end = queue.now + ms;
    while (queue.nextAt <= end) queue.step();
    queue.now = end;
  }

  #whole(): void {
    const fault = missing(this.world);
    if (fault !== null) throw new Error(`the cluster is not whole: ${fault}`);
  }
}

function writeEverywhere(world: World): void {
  for (const node of world.nodes.values()) {
    const { data } = node.instances;
    if (node.answers && node.serving.writes === 'open' && data.up && !data.recovery && data.frozen !== 'all')
      data.commit();
  }
}

const settings: Readonly<Record<string, (shape: Shape, words: readonly string[]) => Shape>> = {
  nodes: (shape, words) => ({
    ...shape,
    nodes: words.map((word) => {
      const [name = '', kind = 'standby'] = word.split(':');
      return { name, kind: kind as NodeKind };
    }),
  }),
  ttl: (shape, [ms]) => ({ ...shape, ttlMs: Number(ms) }),
  sync: (shape, [count]) => ({ ...shape, syncCount: Number(count) }),
  strict: (shape, [word]) => ({ ...shape, strict: word === 'on' }),
  autorejoin: (shape, [word]) => ({ ...shape, autoRejoin: word === 'on' }),
};

const each =
  (effect: (node: ModelNode, world: World) => void) =>
  (world: World, words: readonly string[]): void => {
    for (const name of words) effect(world.node(name), world);
  };

const instanceOf = (world: World, [which = '', node = '']: readonly string[]) =>
  world.node(node).instances[which === 'audit' ? 'audit' : 'data'];

const put = (world: World, key: string, value: object): void => {
  world.store.txn({ compare: [], writes: [{ kind: 'put', key, value: JSON.stringify(value) }] });
};

const effects: Readonly<Record<string, (world: World, words: readonly string[]) => void>> = {
  start: each((node) => node.start()),
  // --- processes ---
  kill: (world, [which, node = '']) => world.node(node).killInstance(which === 'audit' ? 'audit' : 'data'),
  crash: each((node) => node.crashAgent()),
  'power-off': each((node) => node.crashMachine()),
  'lose-disk': each((node) => {
    node.crashMachine();
    for (const name of instanceNames) node.instances[name].present = false;
  }),
  freeze: (world, words) => instanceOf(world, words).freeze('all'),
  thaw: (world, words) => instanceOf(world, words).thaw(),
  stop: each((node) => node.stopAgent()),
  continue: each((node) => node.continueAgent()),
  'stop-guardian': each((node) => node.stopGuardian()),
  'continue-guardian': each((node) => node.continueGuardian()),
  'kill-guardian': each((node) => {
    node.guardian = 'dead';
    node.wake();
  }),
  suspend: each((node) => node.suspend(true)),
  pause: each((node) => node.suspend(false)),
  resume: each((node) => node.resume()),
  unkillable: each((node) => {
    node.outlives = true;
  }),
  killable: each((node) => {
    node.becomeKillable();
  }),
  terminate: each((node) => {
    node.stopRequested = true;
    node.wake();
  }),
  renew: each((node) => {
    node.stopRequested = false;
    node.start();
  }),
  ail: (world, [node = '', ...words]) => {
    world.node(node).ailment = words.join(' ');
  },
  // --- PostgreSQL ---
  'slow-promotion': (world, [ms]) => {
    world.slowPromotionMs = Number(ms);
  },
  'stuck-receivers': (world, [ms]) => {
    world.stuckReceiversMs = Number(ms);
  },
  'lose-log': (world, words) => {
    const instance = instanceOf(world, words);
    instance.logLost = true;
    instance.dropLinks();
  },
  break: (world, [which, node = '']) => {
    instanceOf(world, [which ?? '', node]).broken = true;
    world.node(node).killInstance(which === 'audit' ? 'audit' : 'data');
  },
  'half-rewind': (world, words) => {
    instanceOf(world, words).ruined = true;
  },
  lag: (world, [node = '', ms]) => {
    world.node(node).lagMs = Number(ms);
    world.node(node).leastLagMs = Number(ms);
  },
  commit: (world, words) => instanceOf(world, words).commit(),
  'promote-by-hand': (world, words) => {
    const instance = instanceOf(world, words);
    instance.promote((instance.log.lineage.at(-1)?.timeline ?? 0) + 50);
    world.node(instance.node).wake();
  },
  // --- network and store ---
  cut: (world, [a = '', b = '']) => (b === 'store' ? void world.cutFromStore.add(a) : world.cut(a, b)),
  mend: (world, [a, b]) => {
    if (a !== undefined && b === 'store') world.cutFromStore.delete(a);
    else if (a !== undefined && b !== undefined) world.mend(a, b);
    else {
      world.cutFromStore.clear();
      world.mend();
    }
  },
  store: (world, [word]) => {
    world.storeUp = word === 'up';
  },
  revoke: (world, [word]) => world.store.forget(word === 'leader' ? keys.leader : keys.promotion),
  fate: (world, [node = '', fate]) => {
    if (fate === 'lost' || fate === 'unheard' || fate === 'late' || fate === 'slow')
      world.fates.set(node, fate);
  },
  // --- operators ---
  switchover: (world, [to]) => put(world, keys.switchover, { id: 'x', to: to ?? null }),
  force: (world, [candidate]) =>
    put(world, keys.forced, { id: 'x', candidate, term: world.store.state.sync.value.term }),
  remove: (world, words) => {
    const config = world.store.state.config.value;
    put(world, keys.config, { ...config, members: config.members.filter((m) => !words.includes(m.name)) });
  },
  readmit: (world, [name = '']) => world.store.forget(keys.evicted(name)),
  'claim-by-hand': (world, [master = '']) => {
    const sync = world.store.state.sync.value;
    put(world, keys.sync, {
      ...sync,
      term: sync.term + 1,
      master,
      standbys: [],
      previous: [sync.master, ...sync.standbys],
    });
  },
};
