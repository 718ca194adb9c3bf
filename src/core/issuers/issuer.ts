import { type FullId, fullId, identifierOf, kindOf } from '../ids.ts';

/** An issuer as it is stored, its credentials apart. */
export interface Issuer {
  readonly id: string;
  readonly account: string;
  readonly type: string;
  readonly maxTtl: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly modifiedAt: string;
}

/** Fields that a list can be sorted by. */
const sortable = ['id', 'account', 'max_ttl', 'type', 'created_at', 'modified_at'] as const;
type Sortable = (typeof sortable)[number];
type IssuerJson = Readonly<Record<Sortable, string | number> & { data: Readonly<Record<string, string>> }>;

/** Variables of this prefix are dynamic: their values come from an issuer. */
const dynamicPrefix = 'data/dynamic/';
const mask = '*****';

/** The policy that holds the issuers of an account. */
export function issuersPolicy(account: string): FullId {
  return fullId(account, 'policy', 'conjur/issuers');
}

/** The policy of one issuer: whoever may read it may read the issuer. */
export function issuerPolicy(account: string, id: string): FullId {
  return fullId(account, 'policy', `conjur/issuers/${id}`);
}

/** Whether the value of a variable comes from an issuer. */
export function isDynamic(variable: FullId): boolean {
  return kindOf(variable) === 'variable' && identifierOf(variable).startsWith(dynamicPrefix);
}

/** The ids that dynamic variables of an account begin with. */
export function dynamicVariables(account: string): string {
  return fullId(account, 'variable', dynamicPrefix);
}

/** An issuer as the wire shows it: the secret part of its credentials never leaves. */
export function issuerJson(issuer: Issuer, accessKeyId: string): IssuerJson {
  return {
    id: issuer.id,
    account: issuer.account,
    max_ttl: issuer.maxTtl,
    type: issuer.type,
    data: { access_key_id: accessKeyId, secret_access_key: mask },
    created_at: issuer.createdAt,
    modified_at: issuer.modifiedAt,
  };
}

/** The issuers sorted by one of their fields; null: there is no such field. */
export function sortIssuers(issuers: readonly IssuerJson[], key: string): readonly IssuerJson[] | null {
  const field = sortable.find((name) => name === key);
  if (field === undefined) return null;
  return issuers.toSorted((a, b) => (a[field] < b[field] ? -1 : Number(a[field] > b[field])));
}

/** The policy under which issuers are kept, for the root. */
export const issuersPolicyText = '- !policy\n  id: conjur/issuers\n';

/** The policy of a new issuer, for `conjur/issuers`: a group whose members may use it. */
export function newIssuerText(id: string): string {
  return `- !policy
  id: "${id}"
  body:
    - !policy
      id: delegation
      body:
        - !group consumers
- !permit
  role: !group "${id}/delegation/consumers"
  privileges: [ read, use ]
  resource: !policy "${id}"
`;
}

/** The deletion of an issuer's policy, for `conjur/issuers`. */
export function removedIssuerText(id: string): string {
  return `- !delete\n  record: !policy "${id}"\n`;
}
