import { styleText } from 'node:util';
import type { ProgressEvent } from './progress.ts';

interface Line {
  readonly title: string;
  readonly detail: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly seconds: number;
}

/** What is needed of the stream that progress goes to. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
}

/** Shows progress: lines that change in place on a terminal, plain lines elsewhere. */
export function progressDisplay(stream: ProgressStream): (event: ProgressEvent) => void {
  return stream.isTTY === true ? liveLines(stream) : plainLines(stream);
}

function plainLines(stream: ProgressStream): (event: ProgressEvent) => void {
  const titles = new Map<string, string>();
  return (event) => {
    if (event.kind === 'note') stream.write(`${event.text}\n`);
    if (event.kind === 'begin') {
      titles.set(event.step, event.title);
      stream.write(`  … ${event.title}\n`);
    }
    if (event.kind === 'end') {
      stream.write(`  ${event.ok ? '✓' : '✗'} ${titles.get(event.step)} (${event.seconds.toFixed(1)} s)\n`);
    }
  };
}

function liveLines(stream: ProgressStream): (event: ProgressEvent) => void {
  const lines = new Map<string, Line>();
  let shown = 0;
  const redraw = (above: string): void => {
    const up = shown === 0 ? '' : `\x1b[${shown}A`;
    const width = Math.max(20, (stream.columns || 80) - 1);
    const rows = Array.from(lines.values(), (line) => `${paintLine(line, width)}\x1b[K\n`);
    stream.write(`${up}${above === '' ? '' : `${above}\x1b[K\n`}${rows.join('')}`);
    shown = rows.length;
  };
  return (event) => {
    if (event.kind === 'note') {
      if (Array.from(lines.values()).some(({ state }) => state === 'running')) return redraw(event.text);
      // What stands above may have been written by somebody else since: it is left alone.
      lines.clear();
      shown = 0;
      stream.write(`${event.text}\n`);
      return;
    }
    const line = lines.get(event.step) ?? { title: event.step, detail: '', state: 'running', seconds: 0 };
    lines.set(event.step, advance(line, event));
    redraw('');
  };
}

function advance(line: Line, event: Exclude<ProgressEvent, { readonly kind: 'note' }>): Line {
  if (event.kind === 'begin') return { title: event.title, detail: '', state: 'running', seconds: 0 };
  if (event.kind === 'detail') return { ...line, detail: event.text };
  return { ...line, detail: '', state: event.ok ? 'done' : 'failed', seconds: event.seconds };
}

const marks = { running: '…', done: '✓', failed: '✗' } as const;
const colours = { running: 'yellow', done: 'green', failed: 'red' } as const;

function paintLine({ title, detail, state, seconds }: Line, width: number): string {
  const rest = state === 'running' ? detail : `${seconds.toFixed(1)} s`;
  const room = Math.max(0, width - title.length - 6);
  const shown = rest.length > room ? `${rest.slice(0, Math.max(0, room - 1))}…` : rest;
  return `  ${styleText(colours[state], marks[state])} ${title}  ${styleText('dim', shown)}`;
}
