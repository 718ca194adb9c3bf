import { Problem } from '../core/problem.ts';
import { describeError } from '../core/problem.ts';
import { helpText, readCommandLine } from './command-line.ts';
import { createElectorLog } from './log.ts';
import { readSettings } from './settings/read.ts';
import type { SidecarSettings } from './settings/settings.ts';
import { runSidecar } from './sidecar/sidecar.ts';

export interface CommandDeps {
  readonly words: readonly string[];
  /** Its secrets are taken out of it, so that no child inherits them. */
  readonly env: NodeJS.ProcessEnv;
  /** One line of standard output. */
  readonly answer: (line: string) => void;
  /** What goes to standard error, line ends included. */
  readonly say: (text: string) => void;
  readonly version: () => string;
  readonly signal: AbortSignal;
}

/** `holdfast elect …`, and `holdfast-elect …`. Returns the exit code; everything has been said by then. */
export async function runElectCommand(deps: CommandDeps): Promise<number> {
  const { words, answer, say, signal } = deps;
  try {
    const line = readCommandLine(words);
    if (line.command === 'help') return said(answer, helpText());
    if (line.command === 'version') return said(answer, deps.version());
    const file =
      line.configFile === null
        ? null
        : await (await import('./settings/file.ts')).readSettingsFile(line.configFile);
    const settings = readSettings({ env: deps.env, flags: line.flags, file });
    for (const secret of ['CONSUL_HTTP_TOKEN', 'CONSUL_HTTP_AUTH']) delete deps.env[secret];
    if (line.command === 'run') return await runSidecar(settings, { log: logOf(settings, say), signal });
    const { stepDown, tellStatus } = await import('./operator/commands.ts');
    return line.command === 'status'
      ? await tellStatus(settings, { answer, asJson: line.asJson })
      : await stepDown(settings, { answer });
  } catch (error) {
    for (const sentence of describeError(error).split('\n')) say(`holdfast elect: ${sentence}\n`);
    if (!(error instanceof Problem) && deps.env['HOLDFAST_DEBUG'] === '1' && error instanceof Error) {
      say(`${error.stack}\n`);
    }
    return error instanceof Problem && error.kind === 'usage' ? 2 : 1;
  }
}

function said(answer: CommandDeps['answer'], text: string): number {
  answer(text);
  return 0;
}

function logOf(
  { logLevel }: SidecarSettings,
  say: CommandDeps['say'],
): (election: string | null) => ReturnType<typeof createElectorLog> {
  return (election) => createElectorLog(logLevel, say, election);
}
