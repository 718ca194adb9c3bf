import { once } from 'node:events';
import { createServer } from 'node:net';
import { Problem } from '../core/problem.ts';
import { loopback } from './plan.ts';

/** @throws Problem `port_taken` that names the first port somebody else uses */
export async function requireFreePorts(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer();
    server.listen({ host: loopback, port, exclusive: true });
    try {
      await once(server, 'listening');
    } catch (cause) {
      throw new Problem(
        'port_taken',
        `--port: something listens on port ${port} already. Choose another base; the demo uses BASE to BASE+99.`,
        { cause },
      );
    }
    server.close();
    await once(server, 'close');
  }
}
