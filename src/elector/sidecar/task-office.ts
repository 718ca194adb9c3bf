import { utimes, writeFile } from 'node:fs/promises';
import { describeError } from '../../core/problem.ts';
import { within } from '../within.ts';
import type { ElectorLog } from '../log.ts';
import type { Office, Term } from '../runner.ts';
import type { ElectionSettings } from '../settings/settings.ts';
import { type Child, startChild } from './children.ts';
import { armDeadMansSwitch, type DeadMansSwitch } from './dead-mans-switch.ts';

export interface TaskOfficeDeps {
  readonly settings: ElectionSettings;
  readonly log: ElectorLog;
  /** Writes the marks of the service; resolves when they are there. */
  readonly mark: (role: 'primary' | 'replica') => Promise<void>;
  /** How long the marks are waited for. */
  readonly markMs: number;
  /** The task has ended by itself: nothing is left to lead. */
  readonly taskEnded: (exitCode: number) => void;
}

/** With what only a task needs: word of each extension. */
export interface TaskOffice extends Office {
  readonly extended: (leftMs: number) => void;
}

/** What a leader of a sidecar does: marks, file, commands, task; and how all that ends. */
export function createTaskOffice({ settings, log, mark, markMs, taskEnded }: TaskOfficeDeps): TaskOffice {
  let task: Child | null = null;
  let deadMansSwitch: DeadMansSwitch | null = null;
  let hook: Child | null = null;

  const environment = ({ token, sessionId }: Term): NodeJS.ProcessEnv => ({
    ...process.env,
    HOLDFAST_ELECTION: settings.serviceName,
    HOLDFAST_FENCING_TOKEN: token,
    HOLDFAST_SESSION: sessionId,
  });
  let env: NodeJS.ProcessEnv = process.env;

  /** Authority leaves the task its time to stop in good order; after that it is killed, whoever stands still. */
  const lastMomentMs = (leftMs: number): number => leftMs + settings.taskStopMs;

  return {
    extended: (leftMs) => deadMansSwitch?.putOff(lastMomentMs(leftMs)),
    elected: (term) => {
      env = environment(term);
      void mark('primary');
      if (settings.markerFile !== null) void touch(settings.markerFile, log);
      if (settings.onElected !== null) hook = told('--on-elected', startChild(settings.onElected, env), log);
      if (settings.exec === null) return;
      const started = startChild(settings.exec, env);
      task = started;
      if (started.groupId !== null)
        deadMansSwitch = armDeadMansSwitch(started.groupId, lastMomentMs(term.leftMs()));
      void (async () => {
        const { code, because } = await started.ended;
        if (task !== started) return;
        deadMansSwitch?.disarm();
        log.warn(`--exec: the task ${because}.`);
        taskEnded(code);
      })();
    },
    deposed: async () => {
      const graceMs = settings.taskStopMs * 0.8;
      const oldSwitch = deadMansSwitch;
      deadMansSwitch = null;
      const [oldTask, oldHook] = [task, hook];
      [task, hook] = [null, null];
      const last =
        settings.onDeposed === null
          ? null
          : told('--on-deposed', startChild(settings.onDeposed, { ...env }), log);
      await Promise.all([
        within(mark('replica'), markMs),
        oldTask?.stop(graceMs),
        oldHook?.stop(0),
        last === null ? null : within(last.ended, graceMs).then(() => last.stop(0)),
      ]);
      oldSwitch?.disarm();
    },
  };
}

function told(name: string, child: Child, log: ElectorLog): Child {
  void (async () => {
    const { code, because } = await child.ended;
    if (code === 0) log.info(`${name}: the command ended.`);
    else log.warn(`${name}: the command ${because}.`);
  })();
  return child;
}

/** As touch(1) does; what it holds stays. */
async function touch(file: string, log: ElectorLog): Promise<void> {
  try {
    await writeFile(file, '', { flag: 'a' });
    const now = new Date();
    await utimes(file, now, now);
  } catch (error) {
    log.error(`the file ${file} could not be touched: ${describeError(error)}`);
  }
}
