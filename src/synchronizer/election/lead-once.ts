import { Problem } from '../../core/problem.ts';
import { type SyncTerm, takePart, type TakePartNeeds } from './take-part.ts';

/** Nobody else leads, and yet this one does not come to: so long is it tried, in leases. */
const mostLeases = 3;

/**
 * Leads once, for as long as `work` takes.
 *
 * @throws Problem `no_authority` when somebody else leads; what `work` threw; what can never work
 */
export async function leadOnce<T>(
  needs: Omit<TakePartNeeds, 'lead' | 'onOther'>,
  work: (term: SyncTerm) => Promise<T>,
): Promise<T> {
  const { settings, signal } = needs;
  const giveUp = new AbortController();
  const tooLong = setTimeout(() => giveUp.abort(), mostLeases * settings.leaseMs);
  const seen: { other: string | null } = { other: null };
  let hasLed = false;
  const done = Promise.withResolvers<T>();
  done.promise.catch(() => undefined); // looked at below, when the election is over
  const taken = takePart({
    ...needs,
    signal: AbortSignal.any([signal, giveUp.signal]),
    onOther: (name) => {
      if (name === null || hasLed) return;
      seen.other = name;
      giveUp.abort();
    },
    lead: async (term) => {
      if (hasLed) return; // it was deposed, and leads again: the work was begun once
      hasLed = true;
      clearTimeout(tooLong);
      await work(term).then(done.resolve, done.reject);
      giveUp.abort(); // also when it was deposed meanwhile, and would go on taking part
    },
  });
  try {
    await taken;
  } finally {
    clearTimeout(tooLong);
  }
  if (hasLed) return done.promise;
  if (signal.aborted) throw new Problem('interrupted', 'interrupted.');
  throw new Problem(
    'no_authority',
    seen.other === null
      ? 'nobody leads, and this synchronizer could not come to lead in time; the log says why.'
      : seen.other === settings.name
        ? `one of this name, ${settings.name}, holds the lead: "sync run" of this synchronizer, one before it whose lease of ${settings.leaseMs / 1000} s has not run out, or another one to which the same election.name was given. Stop it, or wait for its lease.`
        : `${seen.other} leads, and makes the passes. Ask "holdfast sync status" there, or stop it and wait for its lease of ${settings.leaseMs / 1000} s.`,
  );
}
