import type { ConjurClient } from './client.ts';
import { pathOf } from './path.ts';
import { jsonOf, recordOf } from './refusal.ts';
import type { ApiRecord } from './resources.ts';
import { unexpectedAnswer } from './unexpected.ts';

/** Which records are asked for; null: no matter. Resources and roles by their full ids, times in ISO 8601. */
export interface AuditQuery {
  readonly resource: string | null;
  readonly role: string | null;
  readonly entity: string | null;
  readonly since: string | null;
  readonly until: string | null;
  readonly limit: number | null;
  readonly offset: number | null;
}

/** Records of the audit trail that the caller may read, the newest first. */
export async function listAudit(client: ConjurClient, query: AuditQuery): Promise<readonly ApiRecord[]> {
  const attempt = 'read the audit trail';
  const path = pathOf(['audit'], { ...query });
  // Conjur answers 404 with an empty list where there are none.
  const list = jsonOf(await client.send({ attempt, method: 'GET', path, expected: [404] }));
  if (!Array.isArray(list)) throw unexpectedAnswer(attempt);
  return list.map((entry) => recordOf(entry) ?? {});
}
