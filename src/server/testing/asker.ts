import type { FastifyInstance } from 'fastify';
import type { TestServer } from './test-server.ts';

type Answer = Awaited<ReturnType<FastifyInstance['inject']>>;
type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Asks a test server in the name of one caller: `ask('GET /whoami')`. */
export type Ask = (
  request: `${Method} /${string}`,
  payload?: string | Buffer,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** @param authorization the header; '' for none */
export function asker(server: TestServer, authorization: string): Ask {
  return (request, payload, headers = {}) => {
    const [method = 'GET', url = '/'] = request.split(/ (.*)/s);
    return server.app.inject({
      method: method as Method,
      url,
      headers: { ...(authorization === '' ? {} : { authorization }), ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
  };
}

/** Asks with a token of the role behind `login`. */
export async function askerFor(server: TestServer, login: string, apiKey: string | undefined): Promise<Ask> {
  return asker(server, await server.tokenFor(login, apiKey ?? ''));
}

/** The header of Basic authentication. */
export function basicHeaderOf(login: string, secret: string): string {
  return `Basic ${Buffer.from(`${login}:${secret}`).toString('base64')}`;
}

/** The records of the audit trail, oldest first. */
export async function auditTrail(server: TestServer): Promise<
  readonly {
    readonly severity: number;
    readonly msgid: string;
    readonly message: string;
    readonly sdata: unknown;
  }[]
> {
  return server.postgres.inDatabase(server.addresses.audit, (sql) => {
    return sql<{ severity: number; msgid: string; message: string; sdata: unknown }[]>`
      select severity, msgid, message, sdata from messages order by id`;
  });
}
