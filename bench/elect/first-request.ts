import { createServer } from 'node:http';
import { type Contender, startSidecar } from './contender.ts';
import { closed, listening } from './listening.ts';

const patienceMs = 10_000;

/** From the start of a program (`node dist/elector/main.js`) until its first request arrives, milliseconds. */
export async function firstRequestMs(contender: Contender): Promise<number> {
  const arrival = Promise.withResolvers<number>();
  const server = createServer(() => arrival.resolve(performance.now())); // never answers: the sidecar is killed
  const address = await listening(server);
  const startedAt = performance.now();
  const sidecar = startSidecar(contender, { CONSUL_HTTP_ADDR: address, NOMAD_ALLOC_ID: 'bench' });
  const late = setTimeout(() => {
    arrival.reject(new Error(`no request came in ${patienceMs} ms: ${sidecar.output()}`));
  }, patienceMs);
  try {
    return (await arrival.promise) - startedAt;
  } finally {
    clearTimeout(late);
    await sidecar.end('SIGKILL');
    await closed(server);
  }
}
