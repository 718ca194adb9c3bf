import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Problem } from '../core/problem.ts';
import { createPatience } from './patience.ts';

const wrongKey = new Problem('api_unauthenticated', 'the credentials are not accepted (401).');
const silent = new Problem('api_unanswered', 'there is no answer.');

it('a key that the store has never taken is hopeless', () => {
  const patience = createPatience();
  assert.equal(patience.failed('watch', silent), false);
  assert.equal(patience.failed('watch', wrongKey), true);
});

it('a call that has worked is borne with, whatever it is answered later', () => {
  const patience = createPatience();
  patience.succeeded('watch');
  assert.equal(patience.failed('watch', wrongKey), false);
});

it('a lead that is won and may not be kept is hopeless at any time', () => {
  const patience = createPatience();
  patience.succeeded('acquire');
  assert.equal(patience.failed('acquire', new Problem('term_refused', 'it cannot be kept.')), true);
});
