import type { TestServer } from '../../server/testing/test-server.ts';
import { fencedPolicy, publishedPolicy } from '../../core/election/conjur/policy-text.ts';
import { places } from '../../core/election/conjur/places.ts';
import { Secret } from '../../core/secret.ts';
import type { Credentials } from '../conjur/caller.ts';

/** What a test does with the election of a server's account. */
export interface ConjurScene {
  readonly member: (name: string) => Credentials;
  /** What an administrator may do. */
  readonly loadLeader: (method: 'PUT' | 'POST' | 'PATCH', text: string) => Promise<void>;
  readonly setExpiration: (text: string) => Promise<void>;
  readonly expiration: () => Promise<string | null>;
}

/** Makes an election anew, by the policy of a protocol, and enrols hosts. */
export async function prepareElection(
  server: TestServer,
  protocol: 'fenced' | 'published',
  names: readonly string[],
): Promise<ConjurScene> {
  const { account } = server;
  const change = async (method: 'PUT' | 'POST' | 'PATCH', branch: string, payload: string): Promise<void> => {
    const url = `/policies/${account}/policy/${encodeURIComponent(branch)}`;
    const answer = await server.asAdmin({ method, url, payload });
    if (answer.statusCode !== 201)
      throw new Error(`${method} ${branch}: ${answer.statusCode} ${answer.body}`);
  };
  const hosts = names.map((name) => `!host ${name}`);
  const gone = ['!policy conjur', ...hosts].map((record) => `- !delete {record: ${record}}\n`);
  await change('PATCH', 'root', gone.join(''));
  await server.load(protocol === 'fenced' ? fencedPolicy() : publishedPolicy());
  const enrolled = hosts.map(
    (host) => `- ${host}\n- !grant {role: !group ${places.members}, member: ${host}}\n`,
  );
  const keys = await server.load(enrolled.join(''));
  const url = `/secrets/${account}/variable/${encodeURIComponent(places.expiration)}`;
  return {
    member: (name) => {
      const apiKey = keys.get(`${account}:host:${name}`);
      if (apiKey === undefined) throw new Error(`${name} was not enrolled`);
      return { account, login: `host/${name}`, apiKey: new Secret(apiKey) };
    },
    loadLeader: (method, text) => change(method, places.leader, text),
    setExpiration: async (payload) => {
      const { statusCode } = await server.asAdmin({ method: 'POST', url, payload });
      if (statusCode !== 201) throw new Error(`the expiration was not set: ${statusCode}`);
    },
    expiration: async () => {
      const answer = await server.asAdmin({ url });
      return answer.statusCode === 200 ? answer.body : null;
    },
  };
}
