/**
 * The reference: the same framework, the same driver, one connection, and per request one prepared statement, after which
 * it answers a constant. It checks no token, decides nothing, decrypts nothing and records nothing.
 */
import { createServer } from 'node:http';
import Fastify from 'fastify';
import { openClient } from '../src/store/connection.ts';
import type { ServeSettings } from './setting.ts';

const constant = Buffer.from('the value that every request is answered with');

async function serve({ socketDir, dataPort }: ServeSettings): Promise<void> {
  const sql = openClient({ socketDir, port: dataPort }, { name: 'bench reference' });
  const app = Fastify({ logger: false });
  app.get<{ Params: { id: string } }>('/one/:id', async (request, reply) => {
    const { id } = request.params;
    await sql`select value from secrets where resource_id = ${id} order by version desc limit 1`;
    return reply.header('content-type', 'application/octet-stream').send(constant);
  });
  app.get<{ Querystring: { ids: string } }>('/many', async (request, reply) => {
    const ids = request.query.ids.split(',');
    await sql`select s.value from unnest(${`{${ids.join(',')}}`}::text[]) as q(id)
      join secrets s on s.resource_id = q.id collate "C" and s.version = 1`;
    return reply.header('content-type', 'application/octet-stream').send(constant);
  });
  await app.ready();
  const server = createServer((request, response) => app.routing(request, response));
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.(typeof address === 'object' ? (address?.port ?? 0) : 0);
  });
}

process.once('disconnect', () => process.exit(0));
process.once('message', (settings: ServeSettings) => void serve(settings));
