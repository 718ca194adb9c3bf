import { readFile } from 'node:fs/promises';
import { isIPv6, type Socket } from 'node:net';

/** A TCP connection of this machine, as the kernel knows it (proc(5), `/proc/net/tcp`). */
export interface TcpState {
  readonly state: 'close-wait' | 'time-wait' | 'other';
  /** What the other side's kernel has not acknowledged. */
  readonly unacknowledgedBytes: number;
}

/** Both ends of a connection, which outlive its socket. */
export interface TcpEnds {
  readonly isV6: boolean;
  readonly local: string;
  readonly remote: string;
}

/** include/net/tcp_states.h. */
const states: Readonly<Record<string, TcpState['state']>> = { '06': 'time-wait', '08': 'close-wait' };

/** @throws when the socket is not connected */
export function tcpEnds({ localAddress, localPort, remoteAddress, remotePort }: Socket): TcpEnds {
  if (localAddress === undefined || remoteAddress === undefined)
    throw new Error('the connection was lost before it began');
  return {
    isV6: isIPv6(localAddress),
    local: written(localAddress, localPort ?? 0),
    remote: written(remoteAddress, remotePort ?? 0),
  };
}

/** What the kernel says of a connection; null: it knows of none, because it was reset or has ended on both sides. */
export async function readTcpState({ isV6, local, remote }: TcpEnds): Promise<TcpState | null> {
  const table = await readFile(`/proc/self/net/${isV6 ? 'tcp6' : 'tcp'}`, 'utf8');
  const at = table.indexOf(` ${local} ${remote} `);
  if (at === -1) return null;
  const [, , state = '', queues = ''] = table.slice(at + 1, table.indexOf('\n', at)).split(' ');
  return {
    state: states[state] ?? 'other',
    unacknowledgedBytes: Number.parseInt(queues.split(':')[0] ?? '', 16),
  };
}

/** As the table has it: groups of four bytes as numbers of this machine, then the port. */
function written(address: string, port: number): string {
  const bytes = Uint8Array.from(isIPv6(address) ? bytesOfV6(address) : address.split('.').map(Number));
  const words = Array.from(new Uint32Array(bytes.buffer), (word) => word.toString(16).padStart(8, '0'));
  return `${words.join('')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

/** Of an address as Node writes it, with `::` in one place at most. */
function bytesOfV6(address: string): readonly number[] {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const front = groups(head);
  const back = groups(tail ?? '');
  const between = Array.from({ length: 8 - front.length - back.length }, () => 0);
  return [...front, ...between, ...back].flatMap((group) => [group >> 8, group & 0xff]);
}

function groups(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
