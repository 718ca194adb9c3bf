import type { Action } from '../action.ts';
import type { Transaction } from '../transactions.ts';

/** Planted faults of the agent's edge, for the tests that show that the simulation would see them. */
export interface Edge {
  /** Authority counts from the answer to a beat instead of its send. */
  readonly countsFromAnswer?: true;
  /** A beat with a shorter ttl leaves the authority that stands as it is. */
  readonly keepsLongAuthority?: true;
  /** Names count as in effect before every sender obeys them. */
  readonly showsNamesEarly?: true;
  /** A detachment is reported before the receivers are gone, and they stay. */
  readonly keepsReceivers?: true;
  /** Promotes onto the next number by itself, whatever was planned. */
  readonly ignoresPlan?: true;
  /** Workers answer on when the authority of their agent has run out. */
  readonly answersOn?: true;
  /** The judge looks for lost writes alone, so that one guard can be seen behind another that is gone. */
  readonly judgesWritesAlone?: true;
  /** The word of any replica that streams is enough for a commit. */
  readonly hearsAnybody?: true;
  /** The placeholder is no name that a commit would wait for. */
  readonly knowsPlaceholder?: true;
  /** Starts on what is half rewound. */
  readonly startsRuined?: true;
  /** Changes a transaction before it is sent. */
  readonly transact?: (action: Action, transaction: Transaction) => Transaction;
}
