import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestNode } from '../../identity/testing/test-authority.ts';
import { spawnDependent } from '../../runtime/dependent-child.ts';

/** A real rsyslog with a TCP input over TLS, which writes what it takes into a file, a line each. */
export interface Rsyslog {
  readonly port: number;
  /** What it has written, over all its lives. */
  readonly lines: () => Promise<readonly string[]>;
  readonly start: () => Promise<void>;
  /** Resolves while somebody is connected to it, or when nobody was for a while. */
  readonly isTaking: () => Promise<void>;
  /** Resolves when it has ended. */
  readonly stop: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
}

export interface RsyslogOptions {
  /** Its own, for everything that it has. */
  readonly directory: string;
  readonly port: number;
  readonly caFile: string;
  readonly node: TestNode;
  /** `direct`: what it takes is written before it takes more. */
  readonly queue: 'usual' | 'direct';
}

const startMs = 60_000;
const takingMs = 2000;

export function rsyslogOf(options: RsyslogOptions): Rsyslog {
  const { directory, port } = options;
  const file = join(directory, 'out.log');
  const configuration = join(directory, 'rsyslog.conf');
  const argv = ['/usr/sbin/rsyslogd', '-n', '-f', configuration, '-i', join(directory, 'pid')];
  let child: ChildProcess | null = null;
  return {
    port,
    lines: async () => {
      const text = await readFile(file, 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
    start: async () => {
      await mkdir(join(directory, 'work'), { recursive: true });
      await writeFile(configuration, configurationOf(options, file));
      child = spawnDependent(argv, { stdio: ['ignore', 'ignore', 'ignore'] });
      const giveUpAt = performance.now() + startMs;
      while (!(await isListening(port))) {
        if (child.exitCode !== null) throw new Error(`rsyslogd ended with code ${child.exitCode}`);
        if (performance.now() > giveUpAt) throw new Error('rsyslogd does not listen');
        await sleep(20);
      }
    },
    isTaking: async () => {
      const giveUpAt = performance.now() + takingMs;
      while (!(await isConnected(port)) && performance.now() < giveUpAt) await sleep(1);
    },
    stop: async (signal) => {
      const ending = child;
      child = null;
      if (ending === null || ending.exitCode !== null) return;
      ending.kill(signal);
      await once(ending, 'exit');
    },
  };
}

/** As docs/audit.md advises. */
function configurationOf({ directory, port, caFile, node, queue }: RsyslogOptions, file: string): string {
  const ofRuleset = queue === 'direct' ? ' queue.type="Direct"' : '';
  return `global(workDirectory="${directory}/work" maxMessageSize="128k"
  defaultNetstreamDriverCAFile="${caFile}"
  defaultNetstreamDriverCertFile="${node.certFile}"
  defaultNetstreamDriverKeyFile="${node.keyFile}")
main_queue(queue.timeoutShutdown="60000")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="holdfast"${ofRuleset}) {
  action(type="omfile" file="${file}" template="raw")
}
input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="holdfast")
`;
}

/** Whether the kernel has an established connection (proc(5), state 1) with this port of 127.0.0.1. */
async function isConnected(port: number): Promise<boolean> {
  const local = `0100007F:${port.toString(16).padStart(4, '0').toUpperCase()}`;
  const table = await readFile('/proc/self/net/tcp', 'utf8');
  return table.split('\n').some((line) => line.includes(` ${local} `) && / 01 /.test(line.slice(0, 40)));
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
