import { isProblem } from '../../core/problem.ts';
import type { ConjurClient } from '../../client/client.ts';
import { loadPolicy } from '../../client/policies.ts';
import type { InitLoad } from '../../synchronizer/init/init-loads.ts';
import type { InitWish } from '../../synchronizer/init/init-steps.ts';
import type { ApiArguments } from '../arguments/api-arguments.ts';
import { withApi } from '../connection/with-api.ts';
import type { CliContext } from '../context.ts';
import { plain } from '../render/plain.ts';
import { policyDiff } from '../render/policy-diff.ts';
import { renderDiff } from '../render/policy-diff-text.ts';
import { tryPolicy } from './policy-text.ts';

export interface SyncInitArguments extends ApiArguments {
  readonly config?: string;
  readonly protocol?: 'fenced' | 'published';
  readonly dryRun?: true;
}

const undoing =
  '! The election that is there is fenced, and this undoes it: each synchronizer may write the lease from then on (with --config the branch of the vault, too), also one that was deposed. "holdfast sync init --protocol fenced" puts it back.';

/** Makes the policies that synchronizers need, as an administrator. What is there already stays as it is. */
export async function syncInit(given: SyncInitArguments, context: CliContext): Promise<void> {
  const { correctingLoads, firstLoads, otherVaults, requireCorrected, requireNoFence, unfencedHosts } =
    await import('../../synchronizer/init/init-steps.ts');
  const { undoesFence } = await import('../../synchronizer/init/lease-writers.ts');
  const wish = await wishOf(given);
  const begin = async (client: ConjurClient): Promise<void> => {
    await requireNoFence(client, wish);
    if (await undoesFence(client, wish.protocol)) context.say(undoing);
  };
  if (given.dryRun === true) {
    await withApi(given, context, async (client) => {
      await begin(client);
      for (const load of firstLoads(wish)) showLoad(load, context);
      for (const load of await correctingLoads(client, wish)) showLoad(load, context);
    });
    context.say('Nothing was changed.');
    return;
  }
  await withApi(given, context, async (client) => {
    await begin(client);
    for (const load of firstLoads(wish)) await carryOut(client, load, context);
    for (const load of await correctingLoads(client, wish)) await carryOut(client, load, context);
    await requireCorrected(client, wish);
    if (wish.elects && wish.protocol === 'fenced' && wish.layout !== null) {
      for (const host of await unfencedHosts(client, wish.layout))
        context.say(
          `! The host ${plain(host)} may write to the vault's branch by itself, so no election keeps it from that. Revoke it.`,
        );
      const others = await otherVaults(client, wish.layout);
      if (others.length > 0)
        context.say(
          `! The same election decides who writes to ${others.map(plain).join(', ')}. An account has one, and one synchronizer leads it: only that one's vault is kept current. Give each vault an account of its own, or one configuration to all of its synchronizers.`,
        );
    }
  });
  if (wish.protocol === 'published')
    context.say('! Under the published protocol two synchronizers may write at a time, when one is slow.');
  context.say(
    'Next, for each synchronizer: holdfast sync enroll NAME, then holdfast sync doctor as that host.',
  );
}

async function wishOf({ config, protocol }: SyncInitArguments): Promise<InitWish> {
  if (config === undefined) return { protocol: protocol ?? 'fenced', layout: null, elects: true };
  const { readConfigFile } = await import('../../synchronizer/config/open-sync.ts');
  const { branch, vault, election } = await readConfigFile(config);
  return {
    protocol: protocol ?? election?.protocol ?? 'fenced',
    layout: { base: branch, vault },
    elects: election !== null,
  };
}

function showLoad({ branch, mode, text, purpose }: InitLoad, context: CliContext): void {
  context.answer(`# ${plain(purpose)}\n# holdfast policy ${mode} --branch ${plain(branch)}\n${text}`);
}

/** Shows what comes, where the server can tell, and loads it; none of these makes a host, so what was lost on the way is sent again. */
async function carryOut(client: ConjurClient, load: InitLoad, context: CliContext): Promise<void> {
  try {
    const diff = policyDiff(await tryPolicy(client, load), client.account);
    if (diff.length === 0) {
      context.say(`· There already: ${plain(load.purpose)}.`);
      return;
    }
    context.say(renderDiff(diff, client.account, context.errorStyle));
  } catch (error) {
    if (!isProblem(error, 'api_not_allowed')) throw error;
  }
  await loadPolicy(client, load, { repeatable: true });
  context.say(`✓ ${plain(load.purpose)}.`);
}
