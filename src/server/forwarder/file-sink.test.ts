import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ForwardedRow } from '../../core/audit/forward-lines.ts';
import { testRecord } from '../../core/testing/test-record.ts';
import { openFileSink } from './file-sink.ts';

describe('a file of forwarded records', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hf-forward-'));
  });
  after(() => rm(directory, { recursive: true }));

  const { signal } = new AbortController();
  const messagesIn = async (path: string): Promise<readonly string[]> => {
    const text = await readFile(path, 'utf8');
    assert.ok(text.endsWith('\n'));
    const lines = text.trimEnd().split('\n');
    return lines.map((line) => line.split('] ')[1] ?? line);
  };

  it('has a line for each record, and nobody else may read it', async () => {
    const path = join(directory, 'a.log');
    const sink = openFileSink(path);
    await sink.deliver([rowOf('one'), rowOf('two')], signal);
    await sink.deliver([rowOf('three')], signal);
    await sink.end();
    assert.deepEqual(await messagesIn(path), ['one', 'two', 'three']);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it('is made anew when it was renamed or removed', async () => {
    const path = join(directory, 'b.log');
    const sink = openFileSink(path);
    await sink.deliver([rowOf('one')], signal);
    await rename(path, `${path}.1`);
    await sink.deliver([rowOf('two')], signal);
    assert.deepEqual(await messagesIn(`${path}.1`), ['one']);
    assert.deepEqual(await messagesIn(path), ['two']);
    await rm(path);
    await sink.deliver([rowOf('three')], signal);
    assert.deepEqual(await messagesIn(path), ['three']);
    await sink.end();
  });

  it('has whole lines behind one that an interruption has cut', async () => {
    const path = join(directory, 'c.log');
    await appendFile(path, 'whole\n<86>1 2026-01-');
    const sink = openFileSink(path);
    await sink.deliver([rowOf('one')], signal);
    await sink.end();
    assert.deepEqual(await messagesIn(path), ['whole', '<86>1 2026-01-', 'one']);
  });

  it('that cannot be one takes nothing, and may become one', async () => {
    const path = join(directory, 'later', 'd.log');
    const sink = openFileSink(path);
    await assert.rejects(sink.deliver([rowOf('one')], signal), { code: 'ENOENT' });
    await mkdir(join(directory, 'later'));
    await sink.deliver([rowOf('one')], signal);
    await sink.end();
    assert.deepEqual(await messagesIn(path), ['one']);
    await assert.rejects(openFileSink(directory).deliver([rowOf('one')], signal), { code: 'EISDIR' });
    await assert.rejects(openFileSink('/dev/null').deliver([rowOf('one')], signal), /no regular file/);
  });

  function rowOf(message: string): ForwardedRow {
    return {
      of: { node: 'n1', chain: 'c1' },
      seq: 1,
      record: testRecord(message),
    };
  }
});
