import type { AuthnRefusal } from '../../core/authn/refusals.ts';
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

/** An account that is there already, is not there, or cannot go. */
export class AccountRefused extends Problem {
  readonly account: string;

  constructor(
    code: 'account_exists' | 'account_in_use' | 'account_unknown',
    account: string,
    detail: string,
  ) {
    super(code, detail);
    this.account = account;
  }
}

/** Something of this name is there already. */
export class RecordExists extends Problem {
  readonly what: string;
  readonly recordId: string;

  /** @param what the kind of thing, as it begins the sentence */
  constructor(what: string, recordId: string) {
    super('record_exists', `${what} "${recordId}" already exists`);
    this.what = what;
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

/** A question after the state of an authenticator whose answer is that something is wrong with it. */
export class StatusRefused extends Problem {
  /** Conjur's name of the error, as clients see it. */
  readonly errorName: string;

  constructor({ code, message, name }: AuthnRefusal) {
    super(code, message);
    this.errorName = `Errors::${name}`;
  }
}

/** An authentication that is refused. Clients see the status alone; the audit trail has the reason. */
export function authnRefused({ code, message }: AuthnRefusal): Problem {
  return new Problem(code, message);
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
