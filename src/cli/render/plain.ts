/** Text of others for a terminal: what could move the cursor or colour the screen is shown as its code. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (letter) => `\\u{${letter.codePointAt(0)?.toString(16) ?? ''}}`);
}

/** A field of a server's answer in one line: texts as they are, all else as JSON. */
export function plainField(value: unknown): string {
  if (value === null || value === undefined) return '–';
  return plain(typeof value === 'string' ? value : JSON.stringify(value));
}

/** `demo:host:web` as `host:web` where the account is the one that is talked to. */
export function withoutAccount(id: string, account: string): string {
  return id.startsWith(`${account}:`) ? id.slice(account.length + 1) : id;
}
