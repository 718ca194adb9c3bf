import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from './api-client.ts';

const root = new URL('../../', import.meta.url).pathname;
export const cliPath: string = join(root, 'dist/cli/main.js');
const demoPath = join(root, 'dist/demo/main.js');

export interface DemoNode {
  readonly name: string;
  readonly role: 'master' | 'standby' | 'follower' | 'down';
  readonly processGroup: number;
  readonly namespace: string | null;
  readonly address: string;
  readonly api: string;
  readonly health: string;
  readonly dataDir: string;
  readonly postgres: { readonly data: { readonly port: number }; readonly audit: { readonly port: number } };
  readonly etcd: { readonly client: string; readonly peer: string } | null;
}

export interface DemoFile {
  readonly account: string;
  readonly api: { readonly url: string; readonly caFile: string };
  readonly followers: { readonly url: string; readonly caFile: string } | null;
  readonly admin: { readonly login: string; readonly apiKey: string };
  readonly network: { readonly hub: string; readonly bridge: string; readonly uplink: string } | null;
  readonly nodes: readonly DemoNode[];
  readonly haproxy: { readonly pid: number };
}

/** What one command printed, and how it ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a built program of the product to its end. */
export async function runProgram(
  path: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly input?: string } = {},
): Promise<CommandEnd> {
  const child = spawn(process.execPath, [path, ...args], { timeout: options.timeoutMs ?? 120_000 });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve(exitCode));
  });
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** A demo cluster of the product, in a directory and on ports of its own. */
export class DemoCluster {
  readonly dir: string;
  readonly base: number;

  private constructor(dir: string, base: number) {
    this.dir = dir;
    this.base = base;
  }

  /** Starts one and waits until it is ready. The directory is 0700, as mktemp makes it. */
  static async start(args: readonly string[]): Promise<DemoCluster> {
    const demo = new DemoCluster(mkdtempSync(join(tmpdir(), 'hf-demo-')), await freeBase());
    const own = ['--dir', demo.dir, '--port', String(demo.base), '--detach'];
    const end = await runProgram(demoPath, [...own, ...args], { timeoutMs: 180_000 });
    if (end.code !== 0) {
      await demo.stop();
      throw new Error(`the demo did not start (code ${end.code}):\n${end.stdout}\n${end.stderr}`);
    }
    return demo;
  }

  /** Stops everything it started; `keep` leaves the directory for a look. */
  async stop(): Promise<CommandEnd> {
    const end = await runProgram(demoPath, ['--stop', '--dir', this.dir], { timeoutMs: 120_000 });
    if (process.env['HOLDFAST_KEEP'] === undefined) rmSync(this.dir, { recursive: true, force: true });
    return end;
  }

  get file(): DemoFile {
    return JSON.parse(readFileSync(join(this.dir, 'demo.json'), 'utf8'));
  }

  node(name: string): DemoNode {
    const found = this.file.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  get master(): DemoNode | undefined {
    return this.file.nodes.find((node) => node.role === 'master');
  }

  nodeDir(name: string): string {
    return join(this.dir, name);
  }

  /** A client through the load balancer (or of the followers), logged in as the admin. */
  async client(which: 'api' | 'followers' = 'api'): Promise<ApiClient> {
    const { account, admin } = this.file;
    const target = this.file[which];
    if (target === null) throw new Error('this demo has no followers');
    const client = new ApiClient({ ...target, account });
    const answer = await client.authenticate(admin.login, admin.apiKey);
    if (answer.status !== 200) throw new Error(`authenticate: ${answer.status} ${answer.body}`);
    return client;
  }

  async status(): Promise<Status> {
    const first = this.file.nodes.find((node) => node.role !== 'down') ?? this.file.nodes[0];
    const end = await runProgram(cliPath, ['status', '--json', '--dir', this.nodeDir(first?.name ?? 'n1')]);
    if (end.code !== 0) throw new Error(`status: ${end.stderr}`);
    return JSON.parse(end.stdout);
  }

  /** Waits until the cluster can lose its master again: protected, everybody streaming, nobody evicted. */
  async whole(timeoutMs: number): Promise<Status> {
    return until(timeoutMs, 'the cluster is whole', async () => {
      const status = await this.status().catch(() => null);
      const good = status?.protected === true && status.nodes.every((n) => n.evicted === null && isUp(n));
      return good ? status : null;
    });
  }
}

interface StatusNode {
  readonly name: string;
  readonly role: string;
  readonly synchronous: boolean;
  readonly evicted: string | null;
  readonly streaming: boolean;
  readonly lagBytes: { readonly data: number | null };
}

export interface Status {
  readonly term: number;
  readonly master: string | null;
  readonly protected: boolean;
  readonly nodes: readonly StatusNode[];
}

function isUp(node: StatusNode): boolean {
  return node.role === 'master' || ((node.role === 'standby' || node.role === 'follower') && node.streaming);
}

/** Asks again and again until `look` answers something. */
export async function until<T>(
  timeoutMs: number,
  what: string,
  look: () => Promise<T | null> | T | null,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(50);
  }
}

/** A run of a hundred ports of which the ones a demo uses are free now. */
export async function freeBase(): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const base = 20_000 + Math.floor(Math.random() * 120) * 100;
    const used = [
      0,
      1,
      2,
      3,
      4,
      9,
      ...[1, 2, 3, 4, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6].map((p) => n * 10 + p)),
    ];
    const free = await Promise.all(used.map((offset) => isFree(base + offset)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no free ports');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
