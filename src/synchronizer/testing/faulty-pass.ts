import type { ConjurClient } from '../../client/client.ts';
import type { ApiRequest } from '../../client/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import { soleAuthority } from '../authority.ts';
import type { PassSettings } from '../pass/run-pass.ts';
import type { StateFile } from '../state/state-file.ts';

/** `killed`: nothing is saved any more; `interrupted`: what was done is saved, as by a pass that is told to end. */
export type Death = 'killed' | 'interrupted';

/** What goes wrong at one of the requests to the target. */
export interface Fault {
  /** Which request, from 1, of those that are counted. */
  readonly at: number;
  readonly counts: 'changes' | 'all';
  /** Whether the request arrives, and whether its answer does. */
  readonly request: 'unsent' | 'unanswered' | 'answered';
  /** A pass that dies gets no further answer; another one goes on after this error. */
  readonly ends: Death | ProblemCode;
}

export interface FaultyPass {
  readonly settings: Pick<PassSettings, 'client' | 'authority' | 'stateFile'>;
  readonly hasDied: () => boolean;
}

/** What a pass works with to which something happens. */
export function faultyPass(host: ConjurClient, stateFile: StateFile, fault: Fault): FaultyPass {
  let counted = 0;
  let dead = false;
  const error = (): Problem =>
    isDeath(fault.ends)
      ? new Problem('interrupted', 'the pass is over.')
      : new Problem(fault.ends, 'a fault of the test.');
  const client: ConjurClient = {
    ...host,
    send: async (request) => {
      if (dead) throw error();
      if (fault.counts === 'changes' && !isChange(request)) return host.send(request);
      counted += 1;
      if (counted !== fault.at) return host.send(request);
      dead = isDeath(fault.ends);
      if (fault.request === 'unsent') throw error();
      const answer = await host.send(request);
      if (fault.request === 'unanswered') throw error();
      return answer;
    },
  };
  const save = async (): Promise<void> => {
    if (!dead || fault.ends !== 'killed') await stateFile.save();
  };
  return {
    settings: { client, authority: soleAuthority(client), stateFile: { ...stateFile, save } },
    hasDied: () => dead,
  };
}

function isDeath(ends: Death | ProblemCode): ends is Death {
  return ends === 'killed' || ends === 'interrupted';
}

function isChange({ method, path }: ApiRequest): boolean {
  return method !== 'GET' && !path.includes('dryRun');
}
