import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { Secret } from '../core/secret.ts';
import { type DataKey, decrypt, encrypt } from './cipher.ts';
import type { TransactionSql } from './connection.ts';
import type { Store } from './open-store.ts';

/** The key pair that signs the access tokens of one account. */
export interface SigningKey {
  readonly privateKey: Secret<KeyObject>;
  readonly publicKey: KeyObject;
  /** Hex SHA-256 of the public key's DER (SubjectPublicKeyInfo): the `kid` of tokens. */
  readonly fingerprint: string;
}

/** A key pair and whose it is. */
export interface AccountKey extends SigningKey {
  readonly account: string;
}

const modulusLength = 2048;
const rowId = (account: string): string => `authn:${account}`;

/** Makes and stores the key pair of a new account, as Conjur does: encrypted PKCS#1 DER. */
export async function createSigningKey(
  sql: TransactionSql,
  dataKey: DataKey,
  account: string,
): Promise<void> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength });
  const der = privateKey.export({ type: 'pkcs1', format: 'der' });
  const key = signingKeyOf(der);
  await sql`insert into slosilo_keystore (id, key, fingerprint)
    values (${rowId(account)}, ${encrypt(dataKey, der, rowId(account))}, ${key.fingerprint})`;
}

/** The key pair of an account, null when there is no such account. */
export async function readSigningKey(store: Store, account: string): Promise<AccountKey | null> {
  const [row] = await store.reads.run(
    (sql) => sql<KeyRow[]>`select id, key from slosilo_keystore where id = ${rowId(account)}`,
  );
  return row === undefined ? null : openKey(store, row);
}

/** The key pair with this fingerprint and its account, null when there is none. */
export async function readKeyByFingerprint(store: Store, fingerprint: string): Promise<AccountKey | null> {
  const [row] = await store.reads.run(
    (sql) => sql<KeyRow[]>`select id, key from slosilo_keystore where fingerprint = ${fingerprint}`,
  );
  return row === undefined ? null : openKey(store, row);
}

interface KeyRow {
  readonly id: string;
  readonly key: Buffer;
}

function openKey(store: Store, { id, key }: KeyRow): AccountKey {
  return { account: id.slice(rowId('').length), ...signingKeyOf(decrypt(store.dataKey, key, id)) };
}

function signingKeyOf(der: Buffer): SigningKey {
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs1' });
  const publicKey = createPublicKey(privateKey);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    privateKey: new Secret(privateKey),
    publicKey,
    fingerprint: createHash('sha256').update(spki).digest('hex'),
  };
}
