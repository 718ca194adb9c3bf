import { Problem } from '../../core/problem.ts';
import { isResourceKind, isRoleKind } from '../../core/ids.ts';
import type { Named } from '../../client/resources.ts';

/**
 * `kind:identifier`, or a full id of the client's own account, which is how the API prints ids.
 *
 * @param what the argument, for messages
 * @throws Problem `usage`
 */
export function readNamed(what: string, text: string, account: string): Named {
  const own = text.startsWith(`${account}:`) ? split(text.slice(account.length + 1)) : null;
  const named = own ?? split(text);
  if (named !== null) return named;
  throw new Problem(
    'usage',
    `${what}: "${text.slice(0, 120)}" must be written as kind:id, as host:app/web or variable:db/password.`,
  );
}

function split(text: string): Named | null {
  const colon = text.indexOf(':');
  const kind = text.slice(0, colon).replaceAll('-', '_');
  const identifier = text.slice(colon + 1);
  return colon > 0 && identifier !== '' && (isResourceKind(kind) || isRoleKind(kind))
    ? { kind, identifier }
    : null;
}
