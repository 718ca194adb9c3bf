import { isProblem } from '../../core/problem.ts';

/** One thing that was looked at. */
export interface SyncFinding {
  readonly area: 'target' | 'source' | 'state' | 'election' | 'http';
  readonly level: 'ok' | 'warning' | 'fault';
  readonly sentence: string;
  readonly advice: string | null;
}

/** A thing of an area that is as it should be. */
export function fine(area: SyncFinding['area'], sentence: string): SyncFinding {
  return { area, level: 'ok', sentence, advice: null };
}

/** What could not be looked at. What is no Problem, and an interruption, is thrown on. */
export function faultOf(area: SyncFinding['area'], error: unknown, advice: string): SyncFinding {
  if (!isProblem(error) || error.code === 'interrupted') throw error;
  return { area, level: 'fault', sentence: error.detail, advice };
}

/** What `look` finds, or the fault that it ended with. */
export async function orFault(
  area: SyncFinding['area'],
  advice: string,
  look: () => Promise<readonly SyncFinding[]>,
): Promise<readonly SyncFinding[]> {
  try {
    return await look();
  } catch (error) {
    return [faultOf(area, error, advice)];
  }
}
