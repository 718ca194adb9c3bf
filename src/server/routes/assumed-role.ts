import { type FullId, parseFullId } from '../../core/ids.ts';
import { canAssume } from '../../store/access.ts';
import { forbidden } from '../answers/refusals.ts';
import { queryText } from '../http/parameters.ts';
import type { CallerCall } from '../http/route.ts';

/**
 * The role that a request is asked for: the caller's, or the one that the first of the query's `names` with a value holds,
 * which the caller must have.
 *
 * @throws Problem `forbidden` when the caller has not the role, or there is none of that name
 */
export async function assumedRole(call: CallerCall, names: readonly string[]): Promise<FullId> {
  const caller = call.caller.roleId;
  const [text] = names.flatMap((name) => queryText(call.request, name) ?? []);
  if (text === undefined) return caller;
  const role = parseFullId(text);
  if (role === null) throw forbidden();
  const can = await call.context.store.reads.run((sql) => canAssume(sql, caller, role));
  if (!can) throw forbidden();
  return role;
}
