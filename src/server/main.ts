import type { WorkerCommand, WorkerEvent } from '../core/serving.ts';
import { describeError } from '../core/problem.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { startWorker, type Worker } from './worker.ts';

/**
 * The API worker: a child of the agent with an IPC channel. Its first message is `settings`, then come states. It ends when
 * the channel closes: a worker without an agent may answer nothing.
 */
function main(): void {
  let log: Logger = createLogger({ name: 'worker' });
  let worker: Promise<Worker> | null = null;
  const tell = (event: WorkerEvent): void => {
    if (process.connected) process.send?.(event);
  };
  const fail = (error: unknown): void => {
    log.fatal({ reason: describeError(error) }, 'the API worker cannot run');
    process.exit(1);
  };
  process.on('message', (command: WorkerCommand) => {
    if (command.kind === 'state') {
      worker?.then((started) => started.obey(command.state), fail);
      return;
    }
    log = createLogger({ name: 'worker', level: command.settings.logLevel });
    worker = startWorker(command.settings, log, tell);
    worker.then(() => tell({ kind: 'listening' }), fail);
  });
  process.once('disconnect', () => process.exit(0));
  process.on('unhandledRejection', fail);
  process.on('uncaughtException', fail);
}

main();
