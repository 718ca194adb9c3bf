import { openEtcdGateway } from '../coordination/etcd-gateway.ts';
import { createEtcdStore } from '../coordination/etcd-store.ts';
import { clusterKeys } from '../core/failover/keys.ts';
import { isProblem, Problem } from '../core/problem.ts';
import type { EtcdFiles } from './operations.ts';

const callMs = 5000;

/** What etcd, or TLS, says when something about the set-up is wrong, and what that means. */
const meanings: readonly { readonly said: RegExp; readonly means: string }[] = [
  {
    said: /alert (?:bad|unknown|unsupported|revoked|expired)|alert (?:handshake|certificate|access)|tlsv1\S* alert/iu,
    means:
      '--etcd-cert: etcd refuses this certificate. It must come from the authority that etcd was told with --trusted-ca-file, be in date, and be good for clientAuth',
  },
  {
    said: /unable to (?:get|verify)|self[- ]signed/iu,
    means: "--etcd-ca: etcd's own certificate does not come from this authority. Name the one that issued it",
  },
  {
    said: /altnames|does not match certificate/iu,
    means:
      "--etcd: etcd's own certificate is not good for the host in this URL. Use a name or address that it carries",
  },
  {
    said: /certificate has expired|not yet valid/iu,
    means: "--etcd: etcd's own certificate is not valid now. Renew it, or set the clock of this machine",
  },
  {
    // The gateway dials etcd's own port with the certificate of the server.
    said: /connection closed|closed network connection|connection error: desc|transient ?failure/iu,
    means:
      "--etcd: etcd's JSON gateway does not get through to etcd itself. Its server certificate must be good for clientAuth beside serverAuth",
  },
  {
    said: /permission denied|user name is empty|invalid auth token/iu,
    means:
      '--etcd: etcd asks for a user. Holdfast knows itself by its certificate alone: switch authentication off ("etcdctl auth disable"), or use another etcd',
  },
];

/**
 * Reads from an external etcd, as a node will: so that whatever is wrong is told before anything is made.
 *
 * @throws Problem `config_invalid` that names the option at fault; `store_unavailable` when none of its members answers
 */
export async function proveExternalEtcd(
  endpoints: readonly string[],
  files: EtcdFiles,
  cluster: string,
): Promise<void> {
  const { ca, cert, key } = files;
  const tls = { caFile: ca ?? '', certFile: cert ?? '', keyFile: key ?? '' };
  const gateway = await openEtcdGateway({ endpoints, tls });
  const store = createEtcdStore(gateway);
  try {
    const status = { path: '/v3/maintenance/status', body: {}, timeoutMs: callMs };
    const asked = gateway.endpoints.order().map(({ name }) => gateway.callAt(name, status));
    await Promise.any(asked); // a member may be down; what all fail of is told at once
    await store.read(clusterKeys(cluster).config, { timeoutMs: callMs });
  } catch (error) {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    throw explainEtcdFailure(errors, endpoints);
  } finally {
    store.close();
  }
}

/** What a call to an external etcd failed of, in terms of the options that lead there. */
function explainEtcdFailure(errors: readonly unknown[], endpoints: readonly string[]): unknown {
  const said = errors.filter((error) =>
    isProblem(error, 'store_unavailable', 'store_unanswered', 'store_rejected'),
  );
  for (const { detail } of said) {
    const meaning = meanings.find((one) => one.said.test(detail));
    if (meaning !== undefined) {
      return new Problem('config_invalid', `${meaning.means}. (${detail})`, { cause: said[0] });
    }
  }
  const [cause] = said;
  if (cause === undefined) return errors[0];
  return new Problem(
    'store_unavailable',
    `--etcd: the external etcd does not answer at ${endpoints.join(', ')}. Start it, or name other members. (${cause.detail})`,
    { cause },
  );
}
