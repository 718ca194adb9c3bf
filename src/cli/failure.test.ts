import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainFailure } from './failure.ts';

test('advice about a file system that is read-only fits commands without --dir', () => {
  const error = Object.assign(new Error('no'), { code: 'EROFS', path: '/srv/state/paused.json' });
  const { exitCode, sentence } = explainFailure(error, 'holdfast sync pause --help');
  assert.equal(exitCode, 1);
  assert.match(sentence ?? '', /^\/srv\/state\/paused\.json: the file system is read-only; .*\(EROFS\)\.$/u);
  assert.doesNotMatch(sentence ?? '', /--dir/u);
});
