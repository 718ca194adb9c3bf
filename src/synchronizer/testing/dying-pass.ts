import type { ConjurClient } from '../../client/client.ts';
import type { ApiRequest } from '../../client/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { soleAuthority } from '../authority.ts';
import type { PassSettings } from '../pass/run-pass.ts';
import type { StateFile } from '../state/state-file.ts';

/** `killed`: nothing is saved any more; `interrupted`: what was done is saved, as by a pass that is told to end. */
export type Death = 'killed' | 'interrupted';

export interface DyingPass {
  readonly settings: Pick<PassSettings, 'client' | 'authority' | 'stateFile' | 'concurrency'>;
  readonly hasDied: () => boolean;
}

/** What a pass works with that ends behind the answer to one of the requests that change the target. @param at which one, from 1 */
export function dyingPass(
  host: ConjurClient,
  stateFile: StateFile,
  { death, at }: { readonly death: Death; readonly at: number },
): DyingPass {
  let changes = 0;
  const client: ConjurClient = {
    ...host,
    send: async (request) => {
      if (changes >= at) throw new Problem('interrupted', 'the pass is over.');
      const answer = await host.send(request);
      if (isChange(request)) changes += 1;
      return answer;
    },
  };
  const hasDied = (): boolean => changes >= at;
  const save = async (): Promise<void> => {
    if (death === 'interrupted' || !hasDied()) await stateFile.save();
  };
  return {
    settings: {
      client,
      authority: soleAuthority(client),
      stateFile: { ...stateFile, save },
      concurrency: 1,
    },
    hasDied,
  };
}

function isChange({ method, path }: ApiRequest): boolean {
  return method !== 'GET' && !path.includes('dryRun');
}
