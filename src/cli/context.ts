import type { Environment } from './environment.ts';
import type { Style } from './render/style.ts';

/** What every command is given: its surroundings, and the two places it may write to. */
export interface CliContext {
  readonly environment: Environment;
  /** What the command was asked for, on standard output: programs read it. A newline is added. */
  readonly answer: (text: string) => void;
  /** What people should know meanwhile, on standard error. A newline is added. */
  readonly say: (sentence: string) => void;
  /** Colours of standard output; plain unless it is a terminal. */
  readonly style: Style;
  /** Colours of standard error. */
  readonly errorStyle: Style;
}
