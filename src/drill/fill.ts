import { randomBytes } from 'node:crypto';
import { Session } from './clients/session.ts';
import { branch, loadPolicy, login, persistently, refused } from './policy.ts';
import type { Target } from './target.ts';

/** Random bytes of one value; as text it is 64 KiB. */
const valueBytes = 48 * 1024;
const valuesPerMegabyte = 16;
const senders = 4;
const storeMs = 10_000;

/**
 * Stores so many megabytes below the drill's policy, so that a copy or a rewind has something to move. What nobody can
 * compress: the database is as large as it says. It goes with all that drills made.
 *
 * @param megabytes 2 ** 20 bytes each, of values; PostgreSQL adds a little
 * @throws Problem `api_unavailable`; nothing once `signal` is aborted
 */
export async function fill(target: Target, megabytes: number, signal: AbortSignal): Promise<void> {
  const names = Array.from({ length: megabytes * valuesPerMegabyte }, (_, index) => `v${index}`);
  const variables = names.map((name) => `      - !variable ${name}`).join('\n');
  await loadPolicy(target, {
    text: `- !policy\n  id: ${branch}\n  body:\n  - !policy\n    id: fill\n    body:\n${variables}\n`,
  });
  const session = new Session(target.balancer);
  try {
    session.useToken(await login(target));
    session.renewWith(() => login(target));
    const left = names.values();
    await Promise.all(Array.from({ length: senders }, () => storeEach(target, session, left, signal)));
  } finally {
    session.close();
  }
}

/** The senders share one iterator: each takes the next name. */
async function storeEach(
  target: Target,
  session: Session,
  names: Iterator<string> & Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  for (const name of names) {
    if (signal.aborted) return;
    const path = `/secrets/${target.account}/variable/${branch}/fill/${name}`;
    const body = randomBytes(valueBytes).toString('base64');
    const { outcome, because } = await persistently(() =>
      session.call({ method: 'POST', path, body, timeoutMs: storeMs }),
    );
    if (outcome !== 'ok') throw refused(target, `storing a value: ${because}`);
  }
}
