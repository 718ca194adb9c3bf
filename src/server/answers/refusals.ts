import { type FullId, splitFullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { describeFault } from '../../core/policy/describe-fault.ts';
import type { Refusal } from '../../core/policy/types.ts';

/** A role or resource that is not there, or that the caller must not know of. */
export class RecordNotFound extends Problem {
  readonly recordId: FullId;

  constructor(recordId: FullId) {
    const { account, kind, identifier } = splitFullId(recordId);
    super('record_not_found', `${inWords(kind)} '${identifier}' not found in account '${account}'`);
    this.recordId = recordId;
  }
}

/** A policy text that cannot be read or loaded. */
export class PolicyRefused extends Problem {
  readonly refusal: Refusal['code'];
  /** Where in the text; null when it is no matter of place. */
  readonly at: { readonly line: number; readonly column: number } | null;
  /** The bare detail, without the place. */
  readonly bare: string;
  /** Whether the sentence begins with the place: it does, where the text could not even be read. */
  readonly sayPlace: boolean;

  constructor(
    code: Refusal['code'],
    message: string,
    at: PolicyRefused['at'] = null,
    sayPlace: boolean = at !== null,
  ) {
    super(code, at === null || !sayPlace ? message : describeFault({ ...at, message }));
    this.refusal = code;
    this.at = at;
    this.bare = message;
    this.sayPlace = sayPlace;
  }
}

/** A variable without a value, or one the caller must not know of: clients match this very text. */
export function secretEmpty(id: FullId): Problem {
  return new Problem('secret_empty', `CONJ00076E Variable ${id} is empty or not found.`);
}

/** The caller may know of the thing, but not do this. */
export function forbidden(): Problem {
  return new Problem('forbidden', 'Forbidden');
}

/** `host_factory` as `Host factory`. */
function inWords(kind: string): string {
  const words = kind.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
