import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

/** Where everything of a node lies, below its one directory. */
export interface NodeLayout {
  readonly dir: string;
  readonly config: string;
  /** ca.crt, node.crt, node.key; readable by the user that PostgreSQL and etcd run as. */
  readonly tls: { readonly dir: string; readonly ca: string; readonly cert: string; readonly key: string };
  /** What an external etcd is talked to with; absent where the cluster runs its own. */
  readonly etcdTls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** The cluster's CA, on nodes that may issue certificates (0700, root or the node's user only). */
  readonly authority: string;
  readonly dataKey: string;
  readonly instances: { readonly data: string; readonly audit: string };
  readonly etcd: string;
  /** Unix sockets of PostgreSQL. */
  readonly sockets: string;
  /** The local record and the lock of the running agent. */
  readonly state: string;
}

/** PostgreSQL's socket path must fit into 107 bytes: `<dir>/.s.PGSQL.65535.lock`. */
const socketDirLimit = 80;

export function nodeLayout(directory: string): NodeLayout {
  const dir = resolve(directory);
  const tls = join(dir, 'tls');
  const sockets = join(dir, 'sockets');
  const short = `/tmp/holdfast-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`;
  return {
    dir,
    config: join(dir, 'node.json'),
    tls: { dir: tls, ca: join(tls, 'ca.crt'), cert: join(tls, 'node.crt'), key: join(tls, 'node.key') },
    etcdTls: {
      ca: join(tls, 'etcd-ca.crt'),
      cert: join(tls, 'etcd.crt'),
      key: join(tls, 'etcd.key'),
    },
    authority: join(dir, 'authority'),
    dataKey: join(dir, 'keys', 'data.key'),
    instances: { data: join(dir, 'data'), audit: join(dir, 'audit') },
    etcd: join(dir, 'etcd'),
    sockets: Buffer.byteLength(sockets) <= socketDirLimit ? sockets : short,
    state: join(dir, 'state'),
  };
}
