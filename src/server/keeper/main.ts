import { statfs } from 'node:fs/promises';
import type { KeeperCommand, KeeperDuty, KeeperReport, KeeperSettings } from '../../core/audit-keeper.ts';
import { describeError } from '../../core/problem.ts';
import { placeSigner } from '../../identity/audit-signature.ts';
import { createLogger, type Logger } from '../../runtime/log.ts';
import { openForwardTrail } from '../../store/forward-trail.ts';
import { openKeptTrail } from '../../store/kept-trail.ts';
import { readIdentity } from '../listeners.ts';
import { Duties } from './duties.ts';
import { openPusher } from './push.ts';

/**
 * The keeper of a node's audit trail: a child of the agent with an IPC channel. Of a follower, it carries records to the master;
 * of a master, it signs, forwards, and throws away what is old. Its first message is `settings`. It ends when the channel closes; what was
 * under way then is done again by the next one.
 */
function main(): void {
  const ended = Promise.withResolvers<void>();
  let duty: KeeperDuty = { role: 'none' };
  let take = (next: KeeperDuty): void => {
    duty = next;
  };
  process.on('message', (command: KeeperCommand) => {
    if (command.kind === 'duty') {
      take(command.duty);
      return;
    }
    const log = logOf(command.settings);
    const begin = (duties: Duties): void => {
      take = (next) => duties.take(next);
      duties.take(duty);
    };
    run(command.settings, { log, begin, ended: ended.promise }).then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ reason: describeError(error) }, 'the keeper of the audit trail cannot run');
        process.exit(1);
      },
    );
  });
  process.once('disconnect', () => ended.resolve());
}

async function run(
  { nodeName, tls, postgres, directory, ...settings }: KeeperSettings,
  {
    log,
    begin,
    ended,
  }: {
    readonly log: Logger;
    readonly begin: (duties: Duties) => void;
    readonly ended: Promise<void>;
  },
): Promise<void> {
  const identity = await readIdentity(tls);
  const sign = placeSigner(identity, Date.now);
  const address = { socketDir: postgres.socketDir, port: postgres.auditPort, node: nodeName };
  const trail = openKeptTrail(address, sign, settings.space.maxBytes);
  const pusher = openPusher(identity, sign);
  const duties = new Duties({
    settings,
    trail,
    pusher,
    openForwardTrail: () => openForwardTrail(address),
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(directory);
      return bavail * bsize;
    },
    onReport: tell,
    log,
  });
  begin(duties);
  await ended;
  await duties.end();
  pusher.end();
  await trail.end();
}

function tell(report: KeeperReport): void {
  if (process.connected) process.send?.(report);
}

function logOf({ logLevel, nodeName }: KeeperSettings): Logger {
  return createLogger({ name: 'audit-keeper', level: logLevel }).child({ node: nodeName });
}

main();
