import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem } from '../problem.ts';
import { fencingToken, isFencingToken } from './fencing-token.ts';

test('texts of tokens compare as their ages do', () => {
  const ascending = [
    fencingToken(9, 0),
    fencingToken(9, 10),
    fencingToken(10, 1),
    fencingToken(10, 9),
    fencingToken(1e15, 1),
  ];
  assert.deepEqual([...ascending].sort(), ascending);
});

test('a lock that was made anew has a younger token, although its count begins again', () => {
  assert.ok(fencingToken(120, 1) > fencingToken(7, 4000));
});

test('a token is forty digits', () => {
  assert.equal(fencingToken(7, 3), '0000000000000000000700000000000000000003');
  assert.ok(isFencingToken(fencingToken(1, 1)));
  assert.ok(!isFencingToken('1'));
});

for (const nonsense of [-1, 1.5, Number.NaN, 2 ** 60]) {
  test(`no token is made of ${nonsense}`, () => {
    assert.throws(
      () => fencingToken(nonsense, 1),
      (error) => isProblem(error, 'argument_invalid'),
    );
  });
}
