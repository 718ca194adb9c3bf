import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Of a request and its answer: what the audit trail calls the request. */
export const requestIdHeader = 'x-request-id';
const longest = 255;

/** The caller's own id without the signs that none has, or a new one: as Rails, and so Conjur, does it (ActionDispatch::RequestId). */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const [told = ''] = [headers[requestIdHeader]].flat();
  const sound = told.replaceAll(/[^\w\-@]/g, '').slice(0, longest);
  return sound === '' ? randomUUID() : sound;
}
