import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Instant } from '../core/clock.ts';
import { type Finding, fault, ok, warning } from './doctor-finding.ts';

/** How long the clocks are held against each other, and how far they may part, in milliseconds. */
const lookMs = 300;
/** `boot` counts in hundredths of a second. */
const partMs = 50;

/** Nobody has a working clock before this: 2025-01-01, milliseconds since 1970. */
const plausibleFromMs = 1_735_689_600_000;

/** Whether the clocks that authority is measured with run, and run alike. The wall clock only has to be plausible. */
export async function checkClock(clock: Clock, nowMs: number): Promise<readonly Finding[]> {
  const from = clock.now();
  await wait(lookMs);
  return [judgeClocks(from, clock.now()), judgeWallClock(nowMs)];
}

/** Holds the two monotonic clocks against each other. */
export function judgeClocks(from: Instant, to: Instant): Finding {
  const mono = to.mono - from.mono;
  const boot = to.boot - from.boot;
  if (mono > 0 && boot > 0 && Math.abs(mono - boot) <= partMs)
    return ok('clock', 'the monotonic clocks run alike');
  return fault(
    'clock',
    `the monotonic clocks disagree: ${mono.toFixed(0)} ms and ${boot.toFixed(0)} ms passed`,
    'Authority is measured with them: move the node to a machine whose clocks work (or whose virtual machine is not paused).',
  );
}

/** Certificates and tokens have dates; nothing else looks at the wall clock. */
export function judgeWallClock(nowMs: number): Finding {
  const shown = new Date(nowMs).toISOString().slice(0, 19);
  if (nowMs >= plausibleFromMs)
    return ok('wall clock', `${shown} UTC; compare it with the other nodes, certificates have dates`);
  return warning(
    'wall clock',
    `${shown} UTC cannot be`,
    'Set it, and keep it right (apt-get install chrony).',
  );
}
