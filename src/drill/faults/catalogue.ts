import { acceptsLoss } from './accepted-loss.ts';
import { chains } from './chains.ts';
import { etcdFaults } from './etcd.ts';
import { clocks } from './clocks.ts';
import { directories } from './directories.ts';
import { disks } from './disks.ts';
import type { Fault } from './fault.ts';
import { kills } from './kills.ts';
import { partitions } from './partitions.ts';
import { pauses } from './pauses.ts';
import { planned } from './planned.ts';
import { powerFaults } from './power.ts';
import { restarts } from './restarts.ts';
import { storms } from './storms.ts';

/** Every fault that a drill knows, in the order in which it makes them. */
export const catalogue: readonly Fault[] = [
  ...planned,
  ...storms,
  ...kills,
  ...chains,
  ...restarts,
  ...pauses,
  ...etcdFaults,
  ...partitions,
  ...powerFaults,
  ...directories,
  ...disks,
  ...clocks,
  acceptsLoss,
];
