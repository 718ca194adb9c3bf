import type { AccountWork } from '../../core/sync/plan.ts';
import type { ListedAccount } from '../source/source.ts';
import { takeLooks } from '../target/take-looks.ts';
import type { CarryContext } from './carry-context.ts';
import { isBlank } from './blank.ts';

/** Keys of accounts whose next values cannot be written now. */
export interface Unreadable {
  /** The source does not give them. */
  readonly unread: ReadonlySet<string>;
  /** One of them is empty, which no variable can hold. */
  readonly blank: ReadonlySet<string>;
}

/**
 * Of accounts that take the name of others: a name is not handed over before the next value can be had. Their own turn will read them
 * once more, and say what is wrong.
 */
export async function unreadableOf(
  { signal, judge }: Pick<CarryContext, 'signal' | 'judge'>,
  accounts: readonly AccountWork<ListedAccount>[],
): Promise<Unreadable> {
  const unread = new Set<string>();
  const blank = new Set<string>();
  const read = async ({ account, lob, key }: AccountWork<ListedAccount>): Promise<void> => {
    const place = { lob, branch: '' };
    if (judge.givenUp(place) !== null) {
      unread.add(key);
      return;
    }
    try {
      const values = await account.read(signal);
      for (const property of account.properties) {
        const value = values.get(property);
        if (value === undefined) unread.add(key);
        else if (isBlank(value.reveal())) blank.add(key);
      }
    } catch (error) {
      judge.failed(error, place);
      unread.add(key);
    }
  };
  await takeLooks(accounts.map((work) => () => read(work)));
  return { unread, blank };
}
