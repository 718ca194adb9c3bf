import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import type { DeclaredMember } from '../core/failover/cluster-state.ts';
import type { NodeLayout } from './layout.ts';

const knockMs = 2000;

interface Credentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Which of `members` are up, as far as can be seen from here: something on one of their ports proves that it is of this
 * cluster, or takes a connection and says nothing (a stopped process, an overloaded machine). Another program that has
 * got the address meanwhile does not count.
 */
export async function stillAnswering(
  members: readonly DeclaredMember[],
  layout: NodeLayout,
): Promise<readonly DeclaredMember[]> {
  const [ca, cert, key] = await Promise.all([
    readFile(layout.tls.ca, 'utf8'),
    readFile(layout.tls.cert, 'utf8'),
    readFile(layout.tls.key, 'utf8'),
  ]);
  const looks = members.map(async (member) => {
    const { host, agent, api, peer, etcdClient, etcdPeer } = member.addresses;
    const ports = [agent, api, peer, etcdClient, etcdPeer].filter((port) => port !== null);
    const answers = await Promise.all(ports.map((port) => knock(host, port, { ca, cert, key })));
    return answers.includes(true) ? [member] : [];
  });
  return (await Promise.all(looks)).flat();
}

function knock(host: string, port: number, credentials: Credentials): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ...credentials,
      rejectUnauthorized: false, // judged below
      checkServerIdentity: () => undefined, // who of the cluster it is does not matter
    });
    let reached = false;
    const end = (answers: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answers);
    };
    const timer = setTimeout(() => end(reached), knockMs);
    socket.once('connect', () => {
      reached = true;
    });
    socket.once('secureConnect', () => end(socket.authorized));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
