import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { step, type ProgressEvent } from './progress.ts';
import { progressDisplay } from './progress-display.ts';

function display(isTTY: boolean): {
  readonly tell: (event: ProgressEvent) => void;
  readonly written: string[];
} {
  const written: string[] = [];
  const tell = progressDisplay({ isTTY, columns: 60, write: (text) => void written.push(text) });
  return { tell, written };
}

test('elsewhere than on a terminal, steps are plain lines', () => {
  const { tell, written } = display(false);
  tell({ kind: 'begin', step: 'n1', title: 'n1: the first node' });
  tell({ kind: 'detail', step: 'n1', text: 'starting' });
  tell({ kind: 'end', step: 'n1', ok: true, seconds: 2.34 });
  assert.equal(written.join(''), '  … n1: the first node\n  ✓ n1: the first node (2.3 s)\n');
});

test('on a terminal, a step has one line that is written over', () => {
  const { tell, written } = display(true);
  tell({ kind: 'begin', step: 'n1', title: 'n1' });
  tell({ kind: 'begin', step: 'n2', title: 'n2' });
  tell({ kind: 'detail', step: 'n2', text: 'x'.repeat(200) });
  const last = written.at(-1) ?? '';
  assert.ok(last.startsWith('\x1b[2A'));
  const lines = stripVTControlCharacters(last).trimEnd().split('\n');
  assert.equal(lines.length, 2);
  assert.ok(lines.every((line) => line.length < 60));
});

test('once all steps are done, a note goes below and nothing above is touched', () => {
  const { tell, written } = display(true);
  tell({ kind: 'begin', step: 'n1', title: 'n1' });
  tell({ kind: 'end', step: 'n1', ok: true, seconds: 1 });
  tell({ kind: 'note', text: 'Stopping …' });
  assert.equal(written.at(-1), 'Stopping …\n');
});

test('a step that fails is told as failed, and its error goes on', async () => {
  const events: ProgressEvent[] = [];
  const failing = step(
    (event) => void events.push(event),
    'n1',
    'n1',
    () => Promise.reject(new Error('no')),
  );
  await assert.rejects(failing, /no/u);
  assert.deepEqual(
    events.map((event) => (event.kind === 'end' ? event.ok : event.kind)),
    ['begin', false],
  );
});
