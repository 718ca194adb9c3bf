import { describeError, Problem } from '../../core/problem.ts';

/** What a connection to Consul failed of, with the way out. */
export function connectionFailed(cause: unknown, isConnected: boolean, where: string): Problem {
  if (cause instanceof Problem) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : describeError(cause);
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code.includes('ALERT')) {
    return new Problem(
      'consul_unreachable',
      `Consul at ${where} does not take our TLS (${code}). Is it an HTTPS port, and does it ask for a certificate (CONSUL_CLIENT_CERT)?`,
      { cause },
    );
  }
  if (/CERT|SIGNATURE|ISSUER|ALTNAME/u.test(code)) {
    return new Problem(
      'consul_unreachable',
      `the certificate of Consul at ${where} is not trusted (${code}). Set CONSUL_CACERT, and CONSUL_TLS_SERVER_NAME if it carries another name.`,
      { cause },
    );
  }
  if (isConnected) {
    return new Problem('consul_unanswered', `the connection to Consul at ${where} broke off (${code}).`, {
      cause,
    });
  }
  return new Problem(
    'consul_unreachable',
    `Consul at ${where} cannot be reached (${code}). Is an agent running there? CONSUL_HTTP_ADDR says where.`,
    { cause },
  );
}
