import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** One request of a load; wrk sends a list of them over and over. */
export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Answers that were no 2xx, and broken connections. */
  readonly failures: number;
}

/**
 * Loads `http://127.0.0.1:port` with wrk: one thread, `connections` connections, the requests in turn. The script lies in
 * a file of mode 0600 while it runs: it holds tokens of a database that is thrown away.
 */
export async function load(
  port: number,
  requests: readonly LoadRequest[],
  options: { readonly connections: number; readonly seconds: number },
): Promise<LoadResult> {
  const directory = await mkdtemp(join(tmpdir(), 'hf-wrk-'));
  try {
    const script = join(directory, 'load.lua');
    await writeFile(script, luaOf(port, requests), { mode: 0o600 });
    const { stdout } = await promisify(execFile)(
      'wrk',
      [
        '-t1',
        `-c${options.connections}`,
        `-d${options.seconds}s`,
        '--timeout',
        '10s',
        '-s',
        script,
        `http://127.0.0.1:${port}`,
      ],
      { maxBuffer: 1024 * 1024 },
    );
    const line = stdout.trim().split('\n').at(-1) ?? '';
    const result: LoadResult = JSON.parse(line);
    return result;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Whole requests are written out ahead: formatting each would make wrk the bottleneck. */
function luaOf(port: number, requests: readonly LoadRequest[]): string {
  const texts = requests.map(({ method, path, headers, body = '' }) => {
    const all = {
      Host: `127.0.0.1:${port}`,
      ...headers,
      ...(body === '' ? {} : { 'Content-Length': String(body.length) }),
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`;
  });
  return `
local requests = {
${texts.map((text) => `  ${JSON.stringify(text)},`).join('\n')}
}
local next_request = 0
function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requestsPerSecond":%.1f,"latencyMs":{"p50":%.3f,"p99":%.3f},"failures":%d}\\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
`;
}
