import type { Service } from './service.ts';

/** One field of `data` that configures an authenticator: the variable `-` for `_`, below the webservice. */
interface FieldRule {
  readonly required?: true;
  /** Letters at most; then it may hold no blank, `<` or `>` either. */
  readonly limit?: number;
  /** Never shown. */
  readonly secret?: true;
}

/** What version 2 of the API knows of a type. */
export interface AuthenticatorType {
  /** As clients name it: `jwt`. */
  readonly short: string;
  /** Null: it has no `data`. */
  readonly fields: Readonly<Record<string, FieldRule>> | null;
}

const uri = { limit: 255 } as const;

const types: ReadonlyMap<string, AuthenticatorType> = new Map([
  [
    'authn-jwt',
    {
      short: 'jwt',
      fields: { ca_cert: {}, audience: { limit: 1000 }, jwks_uri: uri, public_keys: {}, issuer: uri },
    },
  ],
  ['authn-azure', { short: 'azure', fields: { provider_uri: { ...uri, required: true } } }],
  [
    'authn-oidc',
    {
      short: 'oidc',
      fields: {
        provider_uri: { ...uri, required: true },
        id_token_user_property: uri,
        client_id: {},
        client_secret: { secret: true },
        redirect_uri: {},
        claim_mapping: {},
        name: {},
        ca_cert: {},
        token_ttl: {},
        provider_scope: {},
      },
    },
  ],
  [
    'authn-k8s',
    {
      short: 'k8s',
      fields: {
        'kubernetes/ca_cert': {},
        'kubernetes/service_account_token': { secret: true },
        'kubernetes/api_url': {},
        'ca/key': { required: true, secret: true },
        'ca/cert': { required: true },
      },
    },
  ],
  ['authn-iam', { short: 'aws', fields: null }],
  ['authn-gcp', { short: 'gcp', fields: null }],
  ['authn-ldap', { short: 'ldap', fields: null }],
]);

/** Of `identity` in the `data` of `jwt`. */
export const identityFields = [
  'token_app_property',
  'identity_path',
  'enforced_claims',
  'claim_aliases',
] as const;

/** What a type is; undefined: version 2 does not know it. */
export function authenticatorType(type: string): AuthenticatorType | undefined {
  return types.get(type);
}

/** `jwt` and `authn-jwt` as `authn-jwt`; `aws` as `authn-iam`. */
export function longType(type: string): string {
  if (type.startsWith('authn-')) return type;
  return type === 'aws' ? 'authn-iam' : `authn-${type}`;
}

/** The service of this type and name; the one service of `gcp` has no name of its own. Null: there can be none. */
export function namedService(account: string, type: string, name: string): Service | null {
  if (!types.has(type)) return null;
  if (type !== 'authn-gcp') return { account, type, service: name };
  return name === 'default' ? { account, type, service: null } : null;
}

/** The variable of a field: `ca_cert` is in `ca-cert`. */
export function variableOfField(field: string): string {
  return field.replaceAll('_', '-');
}

/** Names of all variables whose values may be shown, of all types. */
export function shownVariables(): readonly string[] {
  const fields = [...types.values()].flatMap((type) =>
    Object.entries(type.fields ?? {}).flatMap(([name, rule]) => (rule.secret === true ? [] : [name])),
  );
  return [...new Set([...fields, ...identityFields].map(variableOfField))];
}
