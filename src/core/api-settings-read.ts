import { type ApiSettings, defaultApiSettings } from './api-settings.ts';
import { isFilePath, readForwardTargets } from './audit/forward-target.ts';
import { readCidr } from './policy/cidr.ts';

const longestTtlSeconds = 5 * 60 * 60;

/** One setting as operators write it. */
export interface ApiSettingDoc {
  /** The environment variable: Conjur's own where it has one. */
  readonly name: string;
  readonly about: string;
  readonly fallback: string;
}

interface Entry extends ApiSettingDoc {
  /** The field with the value that `text` stands for, or why it stands for none. */
  readonly read: (text: string) => Partial<ApiSettings> | string;
}

const entries: readonly Entry[] = [
  {
    name: 'CONJUR_USER_AUTHORIZATION_TOKEN_TTL',
    about: 'Lifetime of access tokens of users: seconds, or ISO 8601 (`PT8M`); at most 5 hours.',
    fallback: '480',
    read: (text) => seconds(text, (userTokenTtlSeconds) => ({ userTokenTtlSeconds })),
  },
  {
    name: 'CONJUR_HOST_AUTHORIZATION_TOKEN_TTL',
    about: 'Lifetime of access tokens of hosts: seconds, or ISO 8601 (`PT8M`); at most 5 hours.',
    fallback: '480',
    read: (text) => seconds(text, (hostTokenTtlSeconds) => ({ hostTokenTtlSeconds })),
  },
  {
    name: 'CONJUR_TRUSTED_PROXIES',
    about: 'Networks of proxies whose `X-Forwarded-For` is believed, separated by commas.',
    fallback: 'none',
    read: (text) => {
      const readings = listOf(text).map((item) => readCidr(item));
      const fault = readings.find((reading) => !reading.ok);
      if (fault !== undefined) return fault.message;
      return { trustedProxies: readings.flatMap((reading) => (reading.ok ? [reading.cidr] : [])) };
    },
  },
  {
    name: 'CONJUR_AUTHENTICATORS',
    about:
      'Authenticators that are switched on, such as `authn,authn-jwt/ci`, separated by commas; `authn` always is. ' +
      'Without this list, those are that were switched on by the API.',
    fallback: 'authn',
    read: (text) => {
      const names = listOf(text);
      const wrong = names.find((name) => !/^authn(-[a-z0-9]+)?(\/[^\s,]+)?$/.test(name));
      return wrong === undefined
        ? { authenticators: names.filter((name) => name !== 'authn') }
        : `"${wrong}" is no name of an authenticator`;
    },
  },
  {
    name: 'CONJUR_API_RESOURCE_LIST_LIMIT_MAX',
    about: 'Entries that one list holds at most.',
    fallback: '1000',
    read: (text) => whole(text, 1, 1_000_000, (listLimitMax) => ({ listLimitMax })),
  },
  {
    name: 'CONJUR_AUTHN_API_KEY_DEFAULT',
    about: 'Whether hosts get API keys without the annotation `authn/api-key: true`.',
    fallback: 'true',
    read: (text) => truth(text, (hostApiKeys) => ({ hostApiKeys })),
  },
  {
    name: 'CONJUR_HOST_FACTORIES_ENABLED',
    about: 'Whether host factories may be used.',
    fallback: 'true',
    read: (text) => truth(text, (hostFactories) => ({ hostFactories })),
  },
  {
    name: 'CONJUR_EFFECTIVE_POLICY_MAX_DEPTH',
    about: 'Depth of policies that one fetch answers at most.',
    fallback: '64',
    read: (text) => whole(text, 0, 1000, (effectivePolicyDepthMax) => ({ effectivePolicyDepthMax })),
  },
  {
    name: 'CONJUR_EFFECTIVE_POLICY_MAX_LIMIT',
    about: 'Rows of a policy that one fetch answers at most.',
    fallback: '100000',
    read: (text) => whole(text, 1, 1_000_000, (effectivePolicyRowsMax) => ({ effectivePolicyRowsMax })),
  },
  {
    name: 'CONJUR_FEATURE_DYNAMIC_SECRETS_ENABLED',
    about: 'Whether there are issuers, and variables under `data/dynamic/` are dynamic.',
    fallback: 'false',
    read: (text) => truth(text, (dynamicSecrets) => ({ dynamicSecrets })),
  },
  {
    name: 'CONJUR_TELEMETRY_ENABLED',
    about: 'Whether `/metrics` gives metrics for Prometheus, to anybody who asks.',
    fallback: 'false',
    read: (text) => truth(text, (telemetry) => ({ telemetry })),
  },
  {
    name: 'HOLDFAST_FOLLOWER_WRITES',
    about: 'Writes sent to a follower: `pass-on` to the master, or `refuse` (405).',
    fallback: 'pass-on',
    read: (text) => oneOf(text, ['pass-on', 'refuse'], (followerWrites) => ({ followerWrites })),
  },
  {
    name: 'HOLDFAST_FOLLOWER_MAX_STALENESS',
    about: 'Seconds after which data that a follower has not heard news of is too old; `none` for never.',
    fallback: 'none',
    read: (text) =>
      wholeOrNone(text, 5, 31_536_000, (followerMaxStalenessSeconds) => ({ followerMaxStalenessSeconds })),
  },
  {
    name: 'HOLDFAST_FOLLOWER_WHEN_STALE',
    about:
      'What a follower does then: `degrade` (`/health` says so), or `refuse` (503, and 502 for `/health`).',
    fallback: 'degrade',
    read: (text) => oneOf(text, ['degrade', 'refuse'], (followerWhenStale) => ({ followerWhenStale })),
  },
  {
    name: 'HOLDFAST_POSITION_WAIT',
    about:
      'Milliseconds that a read waits for the position that its `X-Holdfast-Position` names, before a 503.',
    fallback: '2000',
    read: (text) => whole(text, 0, 60_000, (positionWaitMs) => ({ positionWaitMs })),
  },
  {
    name: 'HOLDFAST_AUDIT_RETENTION_DAYS',
    about: 'Audit records that are older are thrown away, in pieces of an eighth of this; `none` for never.',
    fallback: 'none',
    read: (text) => wholeOrNone(text, 1, 36_500, (auditRetentionDays) => ({ auditRetentionDays })),
  },
  {
    name: 'HOLDFAST_AUDIT_RETENTION_SIZE',
    about: 'MiB on the disk above which the oldest audit records are thrown away; `none` for no limit.',
    fallback: 'none',
    read: (text) =>
      wholeOrNone(text, 16, mostMebibytes, (auditRetentionMebibytes) => ({ auditRetentionMebibytes })),
  },
  {
    name: 'HOLDFAST_AUDIT_SPACE',
    about:
      'MiB that audit records may take on a follower while the master does not have them; `none` for as much as there is.',
    fallback: 'none',
    read: (text) => wholeOrNone(text, 1, mostMebibytes, (auditSpaceMebibytes) => ({ auditSpaceMebibytes })),
  },
  {
    name: 'HOLDFAST_AUDIT_MIN_FREE',
    about: 'MiB of the disk that the audit records of a follower leave free.',
    fallback: '64',
    read: (text) => whole(text, 0, mostMebibytes, (auditMinFreeMebibytes) => ({ auditMinFreeMebibytes })),
  },
  {
    name: 'HOLDFAST_AUDIT_WHEN_FULL',
    about:
      'What a follower does without that space: `refuse` (503, and 502 for `/health`), or `drop`: serve, and record how many records are missing.',
    fallback: 'refuse',
    read: (text) => oneOf(text, ['refuse', 'drop'], (auditWhenFull) => ({ auditWhenFull })),
  },
  {
    name: 'HOLDFAST_AUDIT_FORWARD',
    about:
      'Where the master sends the audit trail (see [audit.md](audit.md)), separated by commas: `tls://host:port` (6514 without a ' +
      'port), `tcp://host:port`, `file:/absolute/path`; at most 8.',
    fallback: 'none',
    read: (text) => {
      const auditForward = readForwardTargets(text);
      return typeof auditForward === 'string' ? auditForward : { auditForward };
    },
  },
  {
    name: 'HOLDFAST_AUDIT_FORWARD_CA',
    about: 'File of the CA certificates (PEM) that `tls` targets are believed by.',
    fallback: "the system's",
    read: (text) => file(text, (auditForwardCa) => ({ auditForwardCa })),
  },
  {
    name: 'HOLDFAST_AUDIT_FORWARD_CERT',
    about:
      'File of the client certificate (PEM) that is shown to `tls` targets; with `HOLDFAST_AUDIT_FORWARD_KEY`.',
    fallback: 'none',
    read: (text) => file(text, (auditForwardCert) => ({ auditForwardCert })),
  },
  {
    name: 'HOLDFAST_AUDIT_FORWARD_KEY',
    about: 'File of its key.',
    fallback: 'none',
    read: (text) => file(text, (auditForwardKey) => ({ auditForwardKey })),
  },
];

/** What operators can set, in the order of the documentation. */
export const apiSettingDocs: readonly ApiSettingDoc[] = entries.map(({ name, about, fallback }) => ({
  name,
  about,
  fallback,
}));

/** Some hundred tebibytes: more is a slip of the pen. */
const mostMebibytes = 500_000_000;

/** The settings that an environment stands for, or everything that is wrong with it. */
export function readApiSettings(
  environment: Readonly<Record<string, string | undefined>>,
):
  | { readonly ok: true; readonly settings: ApiSettings }
  | { readonly ok: false; readonly faults: readonly string[] } {
  const faults: string[] = [];
  let settings = defaultApiSettings;
  for (const { name, read } of entries) {
    const text = environment[name]?.trim();
    if (text === undefined || text === '') continue;
    const outcome = read(text);
    if (typeof outcome === 'string') faults.push(`${name}: ${outcome}`);
    else settings = { ...settings, ...outcome };
  }
  if (faults.length === 0) faults.push(...faultsTogether(settings));
  return faults.length === 0 ? { ok: true, settings } : { ok: false, faults };
}

/** What is wrong with settings that are sound one by one. */
function faultsTogether({ auditForwardCert, auditForwardKey }: ApiSettings): readonly string[] {
  if ((auditForwardCert === null) === (auditForwardKey === null)) return [];
  const [given, missing] = auditForwardCert === null ? ['KEY', 'CERT'] : ['CERT', 'KEY'];
  const names = `HOLDFAST_AUDIT_FORWARD_${missing}: it is missing, and belongs to HOLDFAST_AUDIT_FORWARD_${given}`;
  return [`${names}; set both or neither`];
}

function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

type Field<T> = (value: T) => Partial<ApiSettings>;

/** As Conjur does, what lies outside 0 to 5 hours is brought to the nearer end. */
function seconds(text: string, field: Field<number>): Partial<ApiSettings> | string {
  const iso = /^PT(?=\d)(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?$/i.exec(text);
  const plain = /^-?\d{1,9}$/.test(text) ? Number(text) : null;
  if (iso === null && plain === null) return `"${text}" is neither seconds nor a duration such as PT8M`;
  const [, hours = '0', minutes = '0', rest = '0'] = iso ?? [];
  const value = plain ?? Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
  return field(Math.min(Math.max(value, 0), longestTtlSeconds));
}

function whole(
  text: string,
  least: number,
  most: number,
  field: Field<number>,
): Partial<ApiSettings> | string {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most
    ? field(value)
    : `"${text}" is no whole number from ${least} to ${most}`;
}

/** As `whole`; or null, for the word `none`. */
function wholeOrNone(
  text: string,
  least: number,
  most: number,
  field: Field<number | null>,
): Partial<ApiSettings> | string {
  return text === 'none' ? field(null) : whole(text, least, most, field);
}

function oneOf<T extends string>(
  text: string,
  words: readonly T[],
  field: Field<T>,
): Partial<ApiSettings> | string {
  const word = words.find((one) => one === text.toLowerCase());
  return word === undefined ? `"${text}" is none of ${words.join(', ')}` : field(word);
}

function file(text: string, field: Field<string>): Partial<ApiSettings> | string {
  return isFilePath(text) ? field(text) : `"${text}" is no absolute path of a file`;
}

function truth(text: string, field: Field<boolean>): Partial<ApiSettings> | string {
  if (/^(true|yes|on|1)$/i.test(text)) return field(true);
  return /^(false|no|off|0)$/i.test(text) ? field(false) : `"${text}" is neither true nor false`;
}
