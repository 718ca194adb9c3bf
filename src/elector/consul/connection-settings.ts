import type { Secret } from '../../core/secret.ts';

/** Where a Consul agent is and who we are to it: what Consul's own tools read from their environment. */
export interface ConsulConnection {
  /** CONSUL_HTTP_ADDR: `http://host:port`, `https://host:port`, `host:port`, `unix:///path`. */
  readonly address: string;
  /** CONSUL_HTTP_SSL: the address is spoken to over TLS, whatever its scheme. */
  readonly useTls: boolean;
  /** CONSUL_HTTP_TOKEN. */
  readonly token: Secret<string> | null;
  /** CONSUL_HTTP_TOKEN_FILE: its token counts; read again when Consul refuses it. */
  readonly tokenFile: string | null;
  /** CONSUL_HTTP_AUTH: `user:password`, for a proxy in front of Consul. */
  readonly basicAuth: Secret<string> | null;
  /** CONSUL_CACERT. */
  readonly caFile: string | null;
  /** CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY: both or neither. */
  readonly clientCertFile: string | null;
  readonly clientKeyFile: string | null;
  /** CONSUL_TLS_SERVER_NAME: the name in the agent's certificate. */
  readonly serverName: string | null;
  /** CONSUL_HTTP_SSL_VERIFY: false trusts whoever answers. */
  readonly verifyTls: boolean;
  /** CONSUL_NAMESPACE. */
  readonly namespace: string | null;
  /** CONSUL_DATACENTER. */
  readonly datacenter: string | null;
}

export const plainConnection: ConsulConnection = {
  address: 'http://localhost:8500',
  useTls: false,
  token: null,
  tokenFile: null,
  basicAuth: null,
  caFile: null,
  clientCertFile: null,
  clientKeyFile: null,
  serverName: null,
  verifyTls: true,
  namespace: null,
  datacenter: null,
};
