import type { Socket } from 'node:net';
import { messagesOf } from '../../core/audit/forward-lines.ts';
import type { Sink } from './sink.ts';
import { closedInAnswer, connectTcp, type Patience } from './tcp-connection.ts';
import { sendOverTls, type TlsFiles } from './tls-delivery.ts';

export interface SyslogReceiver {
  readonly host: string;
  readonly port: number;
  /** Null: without TLS. */
  readonly tls: TlsFiles | null;
}

const usualPatience: Patience = { silenceMs: 10_000, wholeMs: 60_000 };

/**
 * Sends records to a syslog server: each time over a connection of their own that is then closed in order, because syslog has no
 * other answer. Only a receiver that has read everything closes without an error.
 */
export function openSyslogSink(receiver: SyslogReceiver, patience: Patience = usualPatience): Sink {
  return {
    deliver: async (rows, signal) => {
      const text = rows.flatMap(messagesOf).map(framed).join('');
      const socket = await connectTcp(receiver, patience, signal);
      try {
        if (receiver.tls === null) await sendPlain(socket, text);
        else await sendOverTls({ ...receiver, ...receiver.tls }, socket, text);
      } finally {
        socket.destroy();
      }
    },
    end: async () => undefined,
  };
}

/** Octet counting (RFC 6587, 3.4.1; RFC 5425, 4.3). */
function framed(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`;
}

async function sendPlain(socket: Socket, text: string): Promise<void> {
  const closed = closedInAnswer(socket, () => socket.writableFinished);
  socket.resume();
  socket.end(text);
  await closed;
}
