import type { Setting } from './setting.ts';
import type { LoadRequest } from './wrk.ts';

/** A host with the variables that it may read and write. */
export interface App {
  readonly host: string;
  /** The value of an Authorization header. */
  readonly authorization: string;
  readonly apiKey: string;
  /** Identifiers. */
  readonly variables: readonly string[];
}

/**
 * 100 policies of applications: each has a host in a layer that may read and update its 100 variables, all of which have
 * a value.
 */
export async function makeApps(
  setting: Setting,
  port: number,
  count = 100,
  each = 100,
): Promise<readonly App[]> {
  const base = `http://127.0.0.1:${port}`;
  const { account } = setting;
  const admin = await token(base, account, 'admin', setting.adminApiKey);
  const apps: App[] = [];
  await policy(
    base,
    account,
    admin,
    Array.from({ length: count }, (_, app) => `- !policy app-${app}\n`).join(''),
    'root',
  );
  for (let app = 0; app < count; app += 1) {
    const body = [
      '- !host web',
      '- !layer web',
      '- !grant { role: !layer web, member: !host web }',
      '- &variables',
      ...Array.from({ length: each }, (_, index) => `  - !variable secret-${index}`),
      '- !permit { role: !layer web, privileges: [ read, execute, update ], resources: *variables }',
    ].join('\n');
    const keys = await policy(base, account, admin, body, `app-${app}`);
    const host = `host/app-${app}/web`;
    const apiKey = keys[`${account}:host:app-${app}/web`] ?? '';
    apps.push({
      host,
      apiKey,
      authorization: await token(base, account, host, apiKey),
      variables: Array.from({ length: each }, (_, index) => `app-${app}/secret-${index}`),
    });
  }
  await Promise.all(apps.map((app) => storeValues(base, account, app)));
  return apps;
}

/** Each request is another variable; apps take turns, so that neighbours have different callers. */
export function inTurns<T>(apps: readonly App[], of: (app: App, index: number) => T): readonly T[] {
  const each = apps[0]?.variables.length ?? 0;
  return Array.from({ length: each }, (_, index) => apps.map((app) => of(app, index))).flat();
}

/** GET of one secret, of each variable by its host. */
export function readsOf({ account }: Setting, apps: readonly App[]): readonly LoadRequest[] {
  return inTurns(apps, (app, index) => ({
    method: 'GET',
    path: `/secrets/${account}/variable/${encodeURIComponent(app.variables[index] ?? '')}`,
    headers: { Authorization: app.authorization },
  }));
}

async function storeValues(base: string, account: string, app: App): Promise<void> {
  for (const id of app.variables) {
    const url = `${base}/secrets/${account}/variable/${encodeURIComponent(id)}`;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: app.authorization },
      body: `value of ${id}`,
    });
    if (answer.status !== 201) throw new Error(`POST of a secret answered ${answer.status}`);
  }
}

async function token(base: string, account: string, login: string, apiKey: string): Promise<string> {
  const url = `${base}/authn/${account}/${encodeURIComponent(login)}/authenticate`;
  const answer = await fetch(url, { method: 'POST', body: apiKey });
  if (answer.status !== 200) throw new Error(`authenticate answered ${answer.status}`);
  return `Token token="${Buffer.from(await answer.arrayBuffer()).toString('base64')}"`;
}

async function policy(
  base: string,
  account: string,
  authorization: string,
  body: string,
  branch: string,
): Promise<Readonly<Record<string, string>>> {
  const answer = await fetch(`${base}/policies/${account}/policy/${branch}`, {
    method: 'POST',
    headers: { authorization },
    body,
  });
  if (answer.status !== 201)
    throw new Error(`a policy load answered ${answer.status}: ${await answer.text()}`);
  const loaded: { created_roles: Record<string, { api_key: string }> } = JSON.parse(await answer.text());
  const { created_roles: roles } = loaded;
  return Object.fromEntries(Object.entries(roles).map(([id, role]) => [id, role.api_key]));
}
