import type { CredentialsConfig, PamLobConfig, SourceConfig, VaultLobConfig, WebConfig } from './config.ts';
import type { Fields } from './fields.ts';

const kinds = ['directory', 'cyberark-pam', 'vault'] as const;
const methods = ['Cyberark', 'LDAP', 'RADIUS', 'Windows'] as const;

/** The part `source` of a configuration. */
export function readSource(fields: Fields): SourceConfig {
  const given = fields.text('kind');
  const kind = kinds.find((each) => each === given);
  if (kind === undefined) {
    if (given !== '') fields.fault('kind', `"${given}" is none of ${kinds.join(', ')}.`);
    return { kind: 'directory', path: '' };
  }
  const source = readers[kind](fields);
  fields.end();
  return source;
}

const readers: Readonly<Record<(typeof kinds)[number], (fields: Fields) => SourceConfig>> = {
  directory: (fields) => ({ kind: 'directory', path: fields.file('path') }),
  'cyberark-pam': (fields) => ({
    kind: 'cyberark-pam',
    ...readWeb(fields, 25),
    properties: fields.oneOf('properties', ['all', 'basic'], 'all'),
    identityUrl: fields.optionalUrl('identityUrl'),
    linesOfBusiness: lobs(fields, readPamLob),
  }),
  vault: (fields) => ({ kind: 'vault', ...readWeb(fields, 0), linesOfBusiness: lobs(fields, readVaultLob) }),
};

function readWeb(fields: Fields, intervalMs: number): WebConfig {
  return {
    url: fields.url('url'),
    caFile: fields.optionalFile('caFile'),
    timeoutMs: fields.duration('timeout', 100, 300_000, 30_000),
    intervalMs: fields.duration('interval', 0, 10_000, intervalMs),
    concurrency: fields.whole('concurrency', 1, 64, 8),
  };
}

function lobs<T extends { readonly name: string }>(
  fields: Fields,
  read: (fields: Fields) => T,
): readonly T[] {
  const list = fields.parts('linesOfBusiness').map((part) => {
    const lob = read(part);
    part.end();
    return lob;
  });
  const names = list.map(({ name }) => name);
  const twice = names.find((name, at) => name !== '' && names.indexOf(name) !== at);
  if (twice !== undefined) fields.fault('linesOfBusiness', `"${twice}" stands there twice.`);
  return list;
}

function readPamLob(fields: Fields): PamLobConfig {
  return {
    name: fields.text('name'),
    method: fields.oneOf('method', methods, 'Cyberark'),
    credentials: readCredentials(fields),
  };
}

function readCredentials(fields: Fields): CredentialsConfig {
  if (!fields.has('variable'))
    return { username: fields.text('username'), passwordFile: fields.file('passwordFile') };
  if (['username', 'passwordFile'].filter(fields.has).length > 0) {
    fields.fault('variable', 'name either a variable, or username and passwordFile.');
  }
  return { variable: fields.text('variable') };
}

function readVaultLob(fields: Fields): VaultLobConfig {
  return {
    name: fields.text('name'),
    mount: fields.branch('mount'),
    namespace: fields.optionalText('namespace'),
    auth: readVaultAuth(fields),
  };
}

function readVaultAuth(fields: Fields): VaultLobConfig['auth'] {
  if (!fields.has('tokenFile'))
    return {
      kind: 'approle',
      mount: fields.branch('appRoleMount', 'approle'),
      roleId: fields.text('roleId'),
      secretIdFile: fields.file('secretIdFile'),
    };
  if (['appRoleMount', 'roleId', 'secretIdFile'].filter(fields.has).length > 0)
    fields.fault('tokenFile', 'name either a token, or roleId and secretIdFile.');
  return { kind: 'token', tokenFile: fields.file('tokenFile') };
}
