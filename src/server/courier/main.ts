import type { CourierCommand, CourierEvent, CourierSettings } from '../../core/courier.ts';
import { describeError } from '../../core/problem.ts';
import type { PeerAddress } from '../../core/serving.ts';
import { createLogger } from '../../runtime/log.ts';
import { openLocalTrail } from '../../store/local-trail.ts';
import { readIdentity } from '../listeners.ts';
import { carry } from './courier.ts';
import { openPusher } from './push.ts';

/**
 * The courier: a child of a follower's agent with an IPC channel, which carries audit records to the master. Its first message is
 * `settings`. It ends when the channel closes; what was under way then is sent again by the next one.
 */
function main(): void {
  const ending = new AbortController();
  let master: readonly PeerAddress[] = [];
  process.on('message', (command: CourierCommand) => {
    if (command.kind === 'master') {
      master = command.master;
      return;
    }
    run(command.settings, () => master, ending.signal).then(
      () => process.exit(0),
      (error: unknown) => fail(command.settings, error),
    );
  });
  process.once('disconnect', () => ending.abort());
}

async function run(
  { nodeName, tls, logLevel, postgres }: CourierSettings,
  master: () => readonly PeerAddress[],
  signal: AbortSignal,
): Promise<void> {
  const log = createLogger({ name: 'courier', level: logLevel }).child({ node: nodeName });
  const trail = openLocalTrail({ socketDir: postgres.socketDir, port: postgres.auditPort, node: nodeName });
  const pusher = openPusher(await readIdentity(tls));
  let told = -1;
  const onBacklog = (records: number): void => {
    if (records === told || !process.connected) return;
    told = records;
    const event: CourierEvent = { kind: 'backlog', records };
    process.send?.(event);
  };
  try {
    await carry({ trail, pusher, master, onBacklog, log, signal });
  } finally {
    pusher.end();
    await trail.end();
  }
}

function fail({ nodeName, logLevel }: CourierSettings, error: unknown): void {
  const log = createLogger({ name: 'courier', level: logLevel }).child({ node: nodeName });
  log.fatal({ reason: describeError(error) }, 'the courier of audit records cannot run');
  process.exit(1);
}

main();
