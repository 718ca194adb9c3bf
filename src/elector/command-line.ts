import { parseArgs } from 'node:util';
import { Problem } from '../core/problem.ts';
import { rowOf, type Sayings, type SettingName, settingNames } from './settings/table.ts';

/** What was typed. */
export interface CommandLine {
  readonly command: 'run' | 'status' | 'step-down' | 'help' | 'version';
  readonly flags: Sayings;
  readonly configFile: string | null;
  readonly asJson: boolean;
}

/** @throws Problem `usage` */
export function readCommandLine(words: readonly string[]): CommandLine {
  const { values, positionals } = parsed(words);
  const flags: Partial<Record<SettingName, string>> = {};
  for (const name of settingNames) {
    const { flag } = rowOf(name);
    const value = flag === null ? undefined : values[flag];
    if (typeof value === 'string') flags[name] = value;
  }
  const configFile = typeof values['config'] === 'string' ? values['config'] : null;
  return { command: commandOf(values, positionals), flags, configFile, asJson: values['json'] === true };
}

type Parsed = ReturnType<typeof parseArgs>;

function parsed(words: readonly string[]): Parsed {
  const settings = settingNames.flatMap((name) => {
    const { flag } = rowOf(name);
    return flag === null ? [] : [[flag, { type: 'string' as const }] as const];
  });
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        ...Object.fromEntries(settings),
        config: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
      },
    });
  } catch (cause) {
    const said = cause instanceof Error ? (cause.message.split('. ')[0] ?? '') : String(cause);
    throw new Problem('usage', `${said.replace(/\.$/u, '')}. See "holdfast-elect --help".`, { cause });
  }
}

function commandOf(values: Parsed['values'], positionals: Parsed['positionals']): CommandLine['command'] {
  if (values['help'] === true) return 'help';
  if (values['version'] === true) return 'version';
  const [first = 'run', ...others] = positionals;
  if (others.length === 0 && (first === 'run' || first === 'status' || first === 'step-down')) return first;
  throw new Problem(
    'usage',
    `"${positionals.join(' ')}" is no command. There are run (as without any), status and step-down.`,
  );
}

/** What `--help` prints. */
export function helpText(): string {
  const rows = settingNames.map((name) => {
    const { env, flag, fallback, about } = rowOf(name);
    const head = flag === null ? `  ${env}` : `  --${flag} <…>, ${env}`;
    return `${head}\n      ${about}${fallback === '' ? '' : ` (${fallback})`}`;
  });
  return `Usage: holdfast-elect [run | status | step-down] [options]

Elects one leader among the tasks of a service, by a lock in Consul, and tags its service entry.

  run         takes part in the election, until SIGTERM or SIGINT (as without a command)
  status      says who leads, since when, by which session (--json: as JSON)
  step-down   asks the leader to leave the lock to another

  --config <file>
      settings in YAML or JSON: the flags' names in camel case, and "elections", a list, where there are several
${rows.join('\n')}

Exit codes: 0 done, 1 failed, 2 not understood; with --exec that of a task that ended by itself.`;
}
