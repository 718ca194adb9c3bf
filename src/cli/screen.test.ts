import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScreen } from './screen.ts';

function terminal(rows: number): {
  readonly rows: number;
  readonly written: string[];
  readonly write: (text: string) => void;
} {
  const written: string[] = [];
  return { rows, written, write: (text) => void written.push(text) };
}

test('a frame is one write that clears nothing before it paints', () => {
  const stream = terminal(10);
  const screen = openScreen(stream);
  screen.draw('one\ntwo');
  screen.close();
  assert.equal(stream.written.length, 3);
  const [, frame = ''] = stream.written;
  assert.ok(frame.includes('\x1b[Hone\x1b[K\r\ntwo\x1b[K'));
  assert.ok(!frame.includes('\x1b[2J'));
});

test('the terminal is given back once, as it was, and left alone afterwards', () => {
  const stream = terminal(10);
  const before = process.listenerCount('exit');
  const screen = openScreen(stream);
  screen.close();
  screen.close();
  screen.draw('late');
  assert.deepEqual(stream.written, ['\x1b[?1049h\x1b[?25l\x1b[?7l', '\x1b[?7h\x1b[?25h\x1b[?1049l']);
  assert.equal(process.listenerCount('exit'), before);
});

test('lines that do not fit are left out instead of scrolling', () => {
  const stream = terminal(2);
  const screen = openScreen(stream);
  screen.draw('a\nb\nc');
  screen.close();
  assert.ok(!stream.written.join('').includes('c\x1b[K'));
});
