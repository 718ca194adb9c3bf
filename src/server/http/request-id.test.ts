import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestIdOf } from './request-id.ts';

const of = (id: string | undefined): string =>
  requestIdOf({ headers: id === undefined ? {} : { 'x-request-id': id } });

describe('the id of a request', () => {
  it('is what the caller says, of signs that no log can take for its own', () => {
    assert.equal(of('deploy-7_b@ci'), 'deploy-7_b@ci');
    assert.equal(of('a b\t"<86>'), 'ab86');
    assert.equal(of('x'.repeat(1000)).length, 255);
  });

  it('is a new one for whoever says none', () => {
    const one = of(undefined);
    assert.match(one, /^[0-9a-f-]{36}$/);
    assert.notEqual(of('""'), one);
  });
});
