import type { FullId } from '../../../core/ids.ts';
import { isDynamic } from '../../../core/issuers/issuer.ts';
import { Problem } from '../../../core/problem.ts';
import { issuerOfVariable } from '../../../store/issuers.ts';
import type { CallerCall } from '../../http/route.ts';

/** Whether the value of a variable comes from an issuer, and issuers are switched on. */
export function isDynamicHere(call: CallerCall, variable: FullId): boolean {
  return call.context.settings.dynamicSecrets && isDynamic(variable);
}

/**
 * Why a dynamic variable has no value: what makes such values is a service of its own, which nothing here speaks to. The
 * answers are Conjur's where that service is not configured.
 */
export async function dynamicRefusal(call: CallerCall, variable: FullId): Promise<Problem> {
  const issuer = await call.context.store.reads.run((sql) => issuerOfVariable(sql, variable));
  return new Problem(
    'content_unprocessable',
    issuer === null
      ? `Issuer assigned to ${variable} was not found`
      : 'No ephemeral secret engine configured for Conjur',
  );
}

/** Why a dynamic variable takes no value; null for any other. */
export function staticFault(call: CallerCall, variable: FullId): Problem | null {
  if (!isDynamicHere(call, variable)) return null;
  return new Problem(
    'method_not_allowed',
    'adding a static secret to a dynamic secret variable is not allowed',
  );
}
