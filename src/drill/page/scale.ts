/** A stretch of time that is drawn from edge to edge, in milliseconds after the fault began. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Where a moment stands between the edges, in percent; what lies outside stands on the edge. */
export function share(at: number, { from, to }: Stretch): number {
  const part = ((at - from) / Math.max(1, to - from)) * 100;
  return Number.isFinite(part) ? Math.min(100, Math.max(0, part)) : 0;
}

/** The same as an attribute: SVG in percent of its own width needs no script to fit any screen. */
export function percent(at: number, stretch: Stretch): string {
  return asPercent(share(at, stretch));
}

export function asPercent(part: number): string {
  return `${Number(part.toFixed(2))}%`;
}

export function isWithin(at: number, { from, to }: Stretch): boolean {
  return at >= from && at <= to;
}

/** Text that begins at its place on the left, and ends there further to the right, so that it stays in the picture. */
export function anchorAt(part: number): 'start' | 'end' {
  return part <= 55 ? 'start' : 'end';
}
