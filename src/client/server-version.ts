import type { ConjurClient } from './client.ts';
import { jsonOf, recordOf } from './refusal.ts';

/** The first version of Conjur that knows dry runs. An older one loads the policy instead. */
const firstWithDryRun = [1, 21, 1] as const;

/** Whether the server tries a policy when it is asked to, by the version that it says it has. */
export async function knowsDryRun(client: ConjurClient): Promise<boolean> {
  const version = await readVersion(client);
  if (version === null) return false;
  for (const [at, least] of firstWithDryRun.entries()) {
    const part = version[at] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** From `/` as servers of the open source have it, or from the `/info` of an appliance. */
async function readVersion(client: ConjurClient): Promise<readonly number[] | null> {
  const attempt = 'ask for the version of the server';
  const headers = { accept: 'application/json' };
  const expected = [401, 403, 404];
  const root = recordOf(jsonOf(await client.send({ attempt, method: 'GET', path: '/', headers, expected })));
  const known = versionOf(root?.['version']);
  if (known !== null) return known;
  const info = recordOf(
    jsonOf(await client.send({ attempt, method: 'GET', path: '/info', headers, expected })),
  );
  return versionOf(recordOf(recordOf(info?.['services'])?.['possum'])?.['version']);
}

/** `1.24.0-1123` as its three numbers. */
function versionOf(text: unknown): readonly number[] | null {
  const parts = typeof text === 'string' ? /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) : null;
  return parts === null ? null : parts.slice(1).map((part) => Number(part ?? 0));
}
