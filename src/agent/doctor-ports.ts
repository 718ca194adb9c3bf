import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { connect as secure } from 'node:tls';
import { readCertificate } from '../identity/certificate.ts';
import { type Finding, fault, ok } from './doctor-finding.ts';
import { type PortName, portUses, portsInUse } from './node-options.ts';

const answerMs = 2000;
/** PostgreSQL's SSLRequest (manual, "Message Formats"): its length, and a code that no protocol version has. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

export interface PortsToCheck {
  readonly listen: string;
  readonly host: string;
  readonly ports: Parameters<typeof portsInUse>[0];
  /** This node's certificate, PEM: who shows it is this node. */
  readonly certPem: string;
}

/** Each port of the node: free, or taken by this very node, or by somebody else. */
export async function checkPorts(wanted: PortsToCheck): Promise<readonly Finding[]> {
  const own = readCertificate(wanted.certPem).fingerprint256;
  return Promise.all(
    portsInUse(wanted.ports).map(async ({ name, port }) => {
      const { use, option } = portUses[name];
      const area = `port ${port}`;
      if (await isFree(wanted.listen, port)) return ok(area, `free, for ${use}`);
      if ((await shownBy(name, wanted, port)) === own) return ok(area, `this node listens, ${use}`);
      return fault(
        area,
        `something else listens, where ${use} should`,
        `End it, or make the node with another port (${option}).`,
      );
    }),
  );
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** The fingerprint of the certificate that is shown there; null when there is no TLS. */
async function shownBy(name: PortName, { listen, host }: PortsToCheck, port: number): Promise<string | null> {
  const at = listen === '0.0.0.0' || listen === '::' ? '127.0.0.1' : listen;
  const signal = AbortSignal.timeout(answerMs);
  const plain = connect({ host: at, port, signal });
  plain.on('error', () => undefined); // told by what is awaited below
  try {
    await once(plain, 'connect', { signal });
    if (name === 'data' || name === 'audit') await askForTls(plain, signal);
    // Whose certificate it is, is the question here: nothing is sent over this connection.
    const session = secure({
      socket: plain,
      servername: /[A-Za-z]/u.test(host) ? host : '',
      rejectUnauthorized: false,
    });
    session.on('error', () => undefined);
    await once(session, 'secureConnect', { signal });
    return session.getPeerX509Certificate()?.fingerprint256 ?? null;
  } catch {
    return null;
  } finally {
    plain.destroy();
  }
}

async function askForTls(socket: Socket, signal: AbortSignal): Promise<void> {
  socket.write(sslRequest);
  await once(socket, 'readable', { signal });
  socket.read(1);
}
