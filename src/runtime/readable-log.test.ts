import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readableLine } from './readable-log.ts';

describe('the log on a terminal', () => {
  it('shows time, who and what first, then the other fields', () => {
    const line =
      '{"level":"info","time":"2026-01-02T03:04:05.678Z","name":"agent","pid":1,"node":"n1","rule":"leads","msg":"master"}';
    assert.equal(readableLine(line), '03:04:05.678 n1 agent master rule=leads');
  });

  it('says why something failed, without the stack', () => {
    const line =
      '{"level":"info","time":"2026-01-02T03:04:05.678Z","name":"agent","err":{"message":"no room","stack":"x"},"msg":"copying"}';
    assert.equal(readableLine(line), '03:04:05.678 agent copying (no room)');
  });

  it('passes what is no entry of the log', () => {
    assert.equal(readableLine('plain words'), 'plain words');
  });
});
