import { isIPv6 } from 'node:net';
import type { HttpConfig } from './config.ts';
import type { Fields } from './fields.ts';

const usualListen = '127.0.0.1:9180';

/** The block `http`. Its name alone, with nothing below, is one. */
export function readHttp(fields: Fields): HttpConfig {
  const text = fields.text('listen', usualListen);
  const address = addressOf(text);
  if (address === null && text !== '')
    fields.fault('listen', `"${text}" is no HOST:PORT, as ${usualListen}.`);
  fields.end();
  return address ?? { host: '', port: 0 };
}

/** `127.0.0.1:9180`, `[::1]:9180`, `sync.example.com:9180`; null: it is none of these. */
function addressOf(text: string): HttpConfig | null {
  const [, inBrackets, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/u.exec(text) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535)) return null;
  if (inBrackets !== undefined) return isIPv6(inBrackets) ? { host: inBrackets, port } : null;
  return name === undefined ? null : { host: name, port };
}
