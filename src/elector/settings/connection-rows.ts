/** Where Consul is. */
export const addressRows = {
  consulAddress: {
    env: 'CONSUL_HTTP_ADDR',
    flag: 'consul-addr',
    fallback: 'http://localhost:8500',
    about: 'the Consul agent: http://HOST:PORT, https://HOST:PORT or unix:///PATH',
    isShared: true,
  },
} as const;

/** Who we are to it, and how it is spoken to: the names are those of Consul's own tools. */
export const connectionRows = {
  token: { env: 'CONSUL_HTTP_TOKEN', flag: null, fallback: '', about: 'the ACL token', isShared: true },
  tokenFile: {
    env: 'CONSUL_HTTP_TOKEN_FILE',
    flag: 'token-file',
    fallback: '',
    about: 'a file with the ACL token, which counts before CONSUL_HTTP_TOKEN',
    isShared: true,
  },
  basicAuth: {
    env: 'CONSUL_HTTP_AUTH',
    flag: null,
    fallback: '',
    about: 'USER:PASSWORD, for a proxy in front of Consul',
    isShared: true,
  },
  useTls: {
    env: 'CONSUL_HTTP_SSL',
    flag: 'consul-tls',
    fallback: 'false',
    about: 'TLS, also where the address says http',
    isShared: true,
  },
  verifyTls: {
    env: 'CONSUL_HTTP_SSL_VERIFY',
    flag: 'consul-tls-verify',
    fallback: 'true',
    about: 'false trusts whoever answers',
    isShared: true,
  },
  caFile: {
    env: 'CONSUL_CACERT',
    flag: 'ca-file',
    fallback: '',
    about: 'the authority, PEM',
    isShared: true,
  },
  clientCertFile: {
    env: 'CONSUL_CLIENT_CERT',
    flag: 'client-cert',
    fallback: '',
    about: 'our certificate, PEM',
    isShared: true,
  },
  clientKeyFile: {
    env: 'CONSUL_CLIENT_KEY',
    flag: 'client-key',
    fallback: '',
    about: 'its key, PEM',
    isShared: true,
  },
  serverName: {
    env: 'CONSUL_TLS_SERVER_NAME',
    flag: 'tls-server-name',
    fallback: '',
    about: 'the name in the agent’s certificate',
    isShared: true,
  },
  namespace: {
    env: 'CONSUL_NAMESPACE',
    flag: 'namespace',
    fallback: '',
    about: 'Consul Enterprise',
    isShared: true,
  },
  datacenter: {
    env: 'CONSUL_DATACENTER',
    flag: 'datacenter',
    fallback: '',
    about:
      'the agent’s own, and no other to take part in, since a session belongs to a node; status and step-down may name any',
    isShared: true,
  },
} as const;
