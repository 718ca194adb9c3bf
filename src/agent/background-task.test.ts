import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Problem } from '../core/problem.ts';
import { createLogger } from '../runtime/log.ts';
import { BackgroundTask } from './background-task.ts';

const log = createLogger({ name: 'test', level: 'fatal' });

describe('the slot for long work', () => {
  it('takes one piece of work at a time and says how it ended', async () => {
    const ended = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const task = new BackgroundTask(log, () => ended.resolve());
    let second = false;
    task.begin('copy', 'copying', () => gate.promise);
    task.begin('copy', 'copying again', () => {
      second = true;
      return Promise.resolve();
    });
    assert.equal(task.view?.state, 'running');
    gate.resolve();
    await ended.promise;
    assert.equal(task.view?.state, 'done');
    assert.equal(second, false);
  });

  it('stays taken for a while after a failure, with the reason, so that nothing is tried in a tight loop', async () => {
    const ended = Promise.withResolvers<void>();
    const task = new BackgroundTask(log, () => ended.resolve());
    const begun = performance.now();
    task.begin('rewind', 'rewinding', () => Promise.reject(new Problem('command_failed', 'no such host')));
    await ended.promise;
    assert.ok(performance.now() - begun >= 900);
    assert.deepEqual(task.view, { kind: 'rewind', state: 'failed', detail: 'no such host' });
  });

  it('ends early when it is cancelled', async () => {
    const task = new BackgroundTask(log, () => undefined);
    task.begin('copy', 'copying', (signal) => {
      const stopped = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => stopped.reject(new Error('aborted')));
      return stopped.promise;
    });
    await task.cancel(1000);
    assert.equal(task.view?.state, 'failed');
  });
});
