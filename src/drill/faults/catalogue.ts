import { acceptsLoss } from './accepted-loss.ts';
import { clocks } from './clocks.ts';
import { directories } from './directories.ts';
import { disks } from './disks.ts';
import type { Fault } from './fault.ts';
import { kills } from './kills.ts';
import { partitions } from './partitions.ts';
import { pauses } from './pauses.ts';
import { planned } from './planned.ts';

/** Every fault that a drill knows, in the order in which it makes them. */
export const catalogue: readonly Fault[] = [
  ...planned,
  ...kills,
  ...pauses,
  ...partitions,
  ...directories,
  ...disks,
  ...clocks,
  acceptsLoss,
];
