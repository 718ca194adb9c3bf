import type { FullId } from '../../core/ids.ts';
import { describeError, Problem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import type { Refusal } from '../../core/policy/types.ts';
import { PolicyRefused, RecordNotFound } from '../answers/refusals.ts';

/** A Problem on its way between threads, where classes do not survive. */
export type ProblemMessage =
  | {
      readonly is: 'problem';
      readonly code: ProblemCode;
      readonly detail: string;
      readonly cause: string | null;
    }
  | { readonly is: 'not found'; readonly id: FullId }
  | {
      readonly is: 'refused';
      readonly code: Refusal['code'];
      readonly bare: string;
      readonly at: PolicyRefused['at'];
      readonly sayPlace: boolean;
    };

/** A Problem as a value. */
export function problemMessage(problem: Problem): ProblemMessage {
  if (problem instanceof RecordNotFound) return { is: 'not found', id: problem.recordId };
  if (problem instanceof PolicyRefused) {
    const { refusal: code, bare, at, sayPlace } = problem;
    return { is: 'refused', code, bare, at, sayPlace };
  }
  const { code, detail, cause } = problem;
  return { is: 'problem', code, detail, cause: cause === undefined ? null : describeError(cause) };
}

/** The Problem that `problemMessage` was given. */
export function problemOf(message: ProblemMessage): Problem {
  switch (message.is) {
    case 'not found':
      return new RecordNotFound(message.id);
    case 'refused':
      return new PolicyRefused(message.code, message.bare, message.at, message.sayPlace);
    case 'problem': {
      const { code, detail, cause } = message;
      return new Problem(code, detail, cause === null ? undefined : { cause: new Error(cause) });
    }
  }
}
