import { ask } from './answer.ts';
import type { ConsulHttp } from './http.ts';

/**
 * Whether there is a way to the datacenter that we are told: nothing that is asked there could ever be answered else. No
 * question where none is told.
 *
 * @throws Problem `consul_refused` when there is none
 */
export async function checkDatacenter(
  http: ConsulHttp,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (http.datacenter === null) return;
  const call = { method: 'GET', path: '/v1/status/leader', timeoutMs, signal } as const;
  await ask(http, call, { what: 'its datacenter is asked for', permission: 'to ask it at all' });
}
