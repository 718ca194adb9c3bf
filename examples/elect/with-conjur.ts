// One leader among all processes that run this, by a lease in a Holdfast cluster or another server with the Conjur API.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { campaign, conjurElection } from 'holdfast/elect';

const {
  CONJUR_APPLIANCE_URL = 'https://localhost',
  CONJUR_ACCOUNT = 'default',
  CONJUR_CERT_FILE,
} = process.env;
const { CONJUR_AUTHN_LOGIN = 'host/app-1', CONJUR_AUTHN_API_KEY_FILE = 'app-1.key' } = process.env;
const ttlMs = 15_000;
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());

await campaign({
  backend: await conjurElection({
    url: CONJUR_APPLIANCE_URL,
    account: CONJUR_ACCOUNT,
    login: CONJUR_AUTHN_LOGIN,
    apiKey: (await readFile(CONJUR_AUTHN_API_KEY_FILE, 'utf8')).trim(),
    ...(CONJUR_CERT_FILE === undefined ? {} : { caFile: CONJUR_CERT_FILE }),
    ttlMs,
  }),
  ttlMs,
  signal: stopping.signal,
  lead: async ({ signal, token }) => {
    process.stdout.write(`leads by ${token}\n`);
    if (!signal.aborted) await once(signal, 'abort');
    process.stdout.write('leads no more\n');
  },
});
