import { type AcceptedRemovals, consumeAccepted, readAccepted } from './accepted.ts';

/** What somebody accepted, as a run makes use of it: once, also where the disk does not let it be deleted. */
export interface Acceptance {
  /** For the pass that begins; null: nothing is accepted, or it was used. */
  readonly forPass: () => Promise<AcceptedRemovals | null>;
  /** A pass made use of it, however it ended. */
  readonly used: (accepted: AcceptedRemovals | null) => Promise<void>;
}

/** @param onFault is told that what was used could not be deleted; that is tried again with each pass */
export function openAcceptance(directory: string, onFault: (error: unknown) => void): Acceptance {
  let spent: AcceptedRemovals | null = null;
  const remove = async (accepted: AcceptedRemovals): Promise<void> => {
    spent = accepted;
    try {
      await consumeAccepted(directory, accepted);
      spent = null;
    } catch (error) {
      onFault(error);
    }
  };
  return {
    forPass: async () => {
      const found = await readAccepted(directory).catch(() => null);
      if (found === null || found.since !== spent?.since || found.removals !== spent.removals) return found;
      await remove(found);
      return null;
    },
    used: async (accepted) => {
      if (accepted !== null) await remove(accepted);
    },
  };
}
