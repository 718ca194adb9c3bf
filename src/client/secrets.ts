import { fullId } from '../core/ids.ts';
import { Secret } from '../core/secret.ts';
import { fromBase64 } from './base64.ts';
import type { ConjurClient } from './client.ts';
import { pathOf } from './path.ts';
import { jsonOf, recordOf } from './refusal.ts';
import { unexpectedAnswer } from './unexpected.ts';

/** Of one request line: servers and proxies take 8 kB at least. */
const idsLengthLimit = 4000;

/**
 * The value of a variable, as its bytes.
 *
 * @param version null: the newest
 */
export async function readSecret(
  client: ConjurClient,
  id: string,
  version: number | null,
): Promise<Secret<Uint8Array>> {
  const answer = await client.send({
    attempt: `read the variable ${id}`,
    method: 'GET',
    path: pathOf(['secrets', client.account, 'variable', id], { version }),
  });
  return new Secret(answer.bytes);
}

/** The newest values of variables, all or none, by their ids. They must be text. */
export async function readSecrets(
  client: ConjurClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Secret<string>>> {
  const values = new Map<string, Secret<string>>();
  for (const batch of batchesOf(ids)) {
    const attempt = `read the variables ${batch.join(', ')}`;
    const list = batch.map((id) => fullId(client.account, 'variable', id)).join(',');
    const answer = await client.send({
      attempt,
      method: 'GET',
      path: pathOf(['secrets'], { variable_ids: list }),
    });
    const found = recordOf(jsonOf(answer));
    for (const id of batch) {
      const value = found?.[fullId(client.account, 'variable', id)];
      if (typeof value !== 'string') throw unexpectedAnswer(attempt);
      values.set(id, new Secret(value));
    }
  }
  return values;
}

/**
 * The newest values of variables as bytes, by their ids, in as few requests as request lines allow. null: it has no value, or
 * does not exist.
 */
export async function readSecretBytes(
  client: ConjurClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Secret<Uint8Array> | null>> {
  const values = new Map<string, Secret<Uint8Array> | null>();
  for (const batch of batchesOf(ids)) {
    for (const [id, value] of (await readBatch(client, batch)) ?? (await readSingly(client, batch)))
      values.set(id, value);
  }
  return values;
}

/** null: one of them has no value, and the server answers for none then. */
async function readBatch(
  client: ConjurClient,
  ids: readonly string[],
): Promise<readonly (readonly [string, Secret<Uint8Array>])[] | null> {
  const attempt = `read ${ids.length} variables`;
  const list = ids.map((id) => fullId(client.account, 'variable', id)).join(',');
  const answer = await client.send({
    attempt,
    method: 'GET',
    path: pathOf(['secrets'], { variable_ids: list }),
    headers: { 'accept-encoding': 'base64' },
    expected: [404],
  });
  if (answer.status === 404) return null;
  if (answer.header('content-encoding') !== 'base64') throw unexpectedAnswer(attempt);
  const found = recordOf(jsonOf(answer));
  return ids.map((id) => {
    const value = found?.[fullId(client.account, 'variable', id)];
    if (typeof value !== 'string') throw unexpectedAnswer(attempt);
    return [id, new Secret(fromBase64(value))];
  });
}

async function readSingly(
  client: ConjurClient,
  ids: readonly string[],
): Promise<readonly (readonly [string, Secret<Uint8Array> | null])[]> {
  const values: (readonly [string, Secret<Uint8Array> | null])[] = [];
  for (const id of ids) {
    const answer = await client.send({
      attempt: `read the variable ${id}`,
      method: 'GET',
      path: pathOf(['secrets', client.account, 'variable', id]),
      expected: [404],
    });
    values.push([id, answer.status === 404 ? null : new Secret(answer.bytes)]);
  }
  return values;
}

/** Stores a new version of a variable; the same value as the newest makes none. */
export async function writeSecret(
  client: ConjurClient,
  id: string,
  value: Secret<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  await client.send({
    attempt: `set the variable ${id}`,
    method: 'POST',
    path: pathOf(['secrets', client.account, 'variable', id]),
    headers: { 'content-type': 'application/octet-stream' },
    body: value.reveal(),
    secrets: [new Secret(new TextDecoder().decode(value.reveal()))],
    repeatable: true,
  });
}

function batchesOf(ids: readonly string[]): readonly (readonly string[])[] {
  const batches: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const id of ids) {
    const more = encodeURIComponent(id).length + 60; // the account, the kind, the comma
    if (length + more > idsLengthLimit) {
      batches.push([]);
      length = 0;
    }
    batches.at(-1)?.push(id);
    length += more;
  }
  return batches;
}
