/** The account that holds the rights on accounts, as in Conjur. No list shows it, and only operators make it. */
export const accountsAccount = '!';

/** A part of every id and of every path, so it stays short. */
const lengthLimit = 100;

/**
 * Why `name` cannot be the name of a new account, null when it can. Spaces and colons end an id's account elsewhere, slashes
 * end it in a path, and "!" is kept for the account of that name.
 */
export function accountNameFault(name: string): string | null {
  if (name === '') return 'account name is empty';
  const [invalid] = /[\s:/!\p{Cc}\p{Cf}\p{Cs}\uFFFD]/u.exec(name) ?? [];
  if (invalid !== undefined) {
    return `account name ${JSON.stringify(name)} contains invalid characters (${invalid})`;
  }
  return name.length > lengthLimit ? `account name has more than ${lengthLimit} characters` : null;
}
