import { Problem } from '../../core/problem.ts';

/** Where to connect to. */
export type ConsulAddress =
  | {
      readonly kind: 'tcp';
      readonly secure: boolean;
      readonly host: string;
      readonly port: number;
      readonly path: string;
    }
  | { readonly kind: 'unix'; readonly socketPath: string };

const defaultPort = 8500;

/**
 * Reads an address as Consul's tools do. TLS that was asked for is spoken also where the address says `http://`: a token must
 * not go in plain text.
 *
 * @throws Problem `config_invalid`
 */
export function readConsulAddress(text: string, useTls: boolean): ConsulAddress {
  const unix = /^(?:http\+)?unix:\/\/(?<path>\/.+)$/u.exec(text)?.groups?.['path'];
  if (unix !== undefined) return { kind: 'unix', socketPath: unix };
  const spoken = useTls ? text.replace(/^http:/iu, 'https:') : text;
  const whole = text.includes('://') ? spoken : `${useTls ? 'https' : 'http'}://${text}`;
  if (!URL.canParse(whole)) throw wrong(text);
  const url = new URL(whole);
  const secure = url.protocol === 'https:';
  if ((!secure && url.protocol !== 'http:') || url.hostname === '' || url.username !== '') throw wrong(text);
  // A URL does not tell a port that is its scheme's own.
  const said = /^(?:[a-z]+:\/\/)?[^/?#]*:(?<port>\d+)(?:[/?#]|$)/iu.exec(text)?.groups?.['port'];
  const port = said === undefined ? (text.includes('://') ? (secure ? 443 : 80) : defaultPort) : Number(said);
  const host = url.hostname.replace(/^\[|\]$/gu, '');
  return { kind: 'tcp', secure, host, port, path: url.pathname.replace(/\/$/u, '') };
}

function wrong(text: string): Problem {
  return new Problem(
    'config_invalid',
    `CONSUL_HTTP_ADDR: "${text}" is no address. Write http://HOST:PORT, https://HOST:PORT or unix:///PATH.`,
  );
}
