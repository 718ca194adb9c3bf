import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFileIfThere } from '../runtime/files.ts';
import type { Logger } from '../runtime/log.ts';
import type { NodeLayout } from './layout.ts';
import { identify, isAlive } from '../runtime/process-facts.ts';
import { readName, writeName } from './process-identity.ts';

/** Remembers the agent that was started, so that the next guardian can end one that outlived this one. */
export function noteAgent(layout: NodeLayout, pid: number): void {
  const name = identify(pid);
  if (name !== null) writeFileSync(agentFile(layout), writeName(name), { mode: 0o600 });
}

/** An agent that outlived its guardian, stopped perhaps, still holds the ports: it is killed and seen dead. */
export async function endEarlierAgent(layout: NodeLayout, log: Logger): Promise<void> {
  const name = readName((await readFileIfThere(agentFile(layout))) ?? '');
  if (name === null || !isAlive(name)) return;
  log.warn({ pid: name.pid }, 'an agent of an earlier guardian is alive: killing it');
  process.kill(name.pid, 'SIGKILL');
  while (isAlive(name)) await sleep(5);
}

function agentFile(layout: NodeLayout): string {
  return join(layout.state, 'agent.pid');
}
