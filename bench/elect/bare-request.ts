/** As little as a sidecar can be: it sends a request as soon as Node lets it. */
import { get } from 'node:http';

get(process.env['CONSUL_HTTP_ADDR'] ?? '').on('error', () => undefined);
