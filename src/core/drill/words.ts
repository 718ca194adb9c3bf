import type { FaultSpan, Way } from './history.ts';

/** A time on the drill's clock, as people say it: `1.204 s after the fault began`. */
export function when(span: FaultSpan, at: number): string {
  const ms = at - span.beganAt;
  return `${seconds(Math.abs(ms))} ${ms < 0 ? 'before' : 'after'} the fault began`;
}

/** @param ms a duration in milliseconds */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

/** How a client went. */
export function through(way: Way): string {
  switch (way.kind) {
    case 'balancer':
      return 'through the load balancer';
    case 'followers':
      return 'through the load balancer of the followers';
    case 'node':
      return `straight to ${way.node}`;
  }
}

/** A version that was read: 0 stands for none. */
export function versionText(version: number): string {
  return version === 0 ? 'no value' : `version ${version}`;
}
