import { fileURLToPath } from 'node:url';

/** The Consul that tests run: CONSUL_BIN, else the one that set-up unpacked. */
export function consulProgram(): string {
  const named = process.env['CONSUL_BIN'] ?? '';
  if (named !== '') return named;
  return fileURLToPath(new URL('../../../.tools/consul/usr/bin/consul', import.meta.url));
}
