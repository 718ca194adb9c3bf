import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { closed, listening } from './listening.ts';

/** Stands between a sidecar and Consul, and counts. */
export interface RequestCounter {
  readonly address: string;
  /** Forgets what was counted so far; what is open stays open. */
  readonly reset: () => void;
  /** Requests that began since, by kind, most frequent first. */
  readonly counted: () => Readonly<Record<string, number>>;
  /** Requests that Consul has not answered yet, by kind: blocking queries. */
  readonly open: () => Readonly<Record<string, number>>;
  readonly stop: () => Promise<void>;
}

/** Passes everything on to the agent at `target` as it comes. */
export async function startRequestCounter(target: string): Promise<RequestCounter> {
  let begun: string[] = [];
  const open = new Set<{ readonly kind: string }>();
  const server = createServer((incoming, outgoing) => {
    const one = { kind: kindOf(incoming) };
    begun.push(one.kind);
    open.add(one);
    for (const end of ['finish', 'close']) outgoing.on(end, () => open.delete(one));
    passOn(target, incoming, outgoing);
  });
  const address = await listening(server);
  return {
    address,
    reset: () => {
      begun = [];
    },
    counted: () => tally(begun),
    open: () => tally([...open].map(({ kind }) => kind)),
    stop: () => closed(server),
  };
}

function passOn(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers } = incoming;
  const onward = request(`${target}${incoming.url}`, { method, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
    answer.on('error', () => outgoing.destroy());
  });
  onward.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
}

/** Method and endpoint, without ids: `PUT session/renew`; blocking queries apart. */
function kindOf({ method, url = '' }: IncomingMessage): string {
  const { pathname, searchParams } = new URL(url, 'http://consul');
  const endpoint = pathname.split('/').slice(2, 4).join('/');
  const blocks = searchParams.has('index') || searchParams.has('hash');
  return `${method} ${pathname.startsWith('/v1/kv/') ? 'kv' : endpoint}${blocks ? ' (blocking)' : ''}`;
}

function tally(kinds: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}
