import type { PolicyFault } from './types.ts';

/** The sentence that Conjur's clients show for a text that cannot be read. */
export function describeFault(fault: PolicyFault): string {
  return `Error at line ${fault.line}, column ${fault.column} in policy : ${fault.message}`;
}
