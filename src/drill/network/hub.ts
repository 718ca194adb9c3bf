import { existsSync } from 'node:fs';
import { Problem } from '../../core/problem.ts';
import { type CommandResult, runCommandOk } from '../../runtime/run-command.ts';

const commandMs = 10_000;

/** Where network tools lie is not on everybody's PATH. */
export function toolPath(): string {
  return `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;
}

/** The words to put before a command so that it runs in the namespace, as the same process. */
export function inHub(hub: string): readonly string[] {
  return ['nsenter', `--net=${namespaceFile(hub)}`, '--'];
}

/** Whether the namespace is still there. Without it, nothing of a fault is left either. */
export function hubExists(hub: string): boolean {
  return existsSync(namespaceFile(hub));
}

/** @throws Problem `command_failed`, `command_timeout`, `missing_binary` */
export function runInHub(hub: string, argv: readonly string[], input = ''): Promise<CommandResult> {
  if (!hubExists(hub)) {
    throw new Problem(
      'operation_refused',
      `There is no network namespace ${hub}: the demo has been stopped.`,
    );
  }
  return runCommandOk([...inHub(hub), ...argv], { timeoutMs: commandMs, input, env: { PATH: toolPath() } });
}

/** Loads rules: all of the text, or none of it. */
export async function loadRules(hub: string, text: string): Promise<void> {
  await runInHub(hub, ['nft', '-f', '-'], text);
}

function namespaceFile(hub: string): string {
  return `/run/netns/${hub}`;
}
