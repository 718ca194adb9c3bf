import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Figure, median } from './figure.ts';
import { startSetting } from './setting.ts';

const variables = 20_000;
const groups = 20;
/** A loader's thread is kept for 5 s; V8 gives the pages of its heap back some 10 to 20 s later. */
const givenBackMs = 30_000;

/**
 * One text with 20,000 variables, in the policy of an application: groups that may read them, an annotation and a kind
 * each, which makes 100,000 rows and as many audit records; loaded into an empty server, and then once more.
 */
export async function run(rounds: number): Promise<Figure> {
  const results: Awaited<ReturnType<typeof measure>>[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round += 1) results.push(await measure());
  const of = (field: keyof Awaited<ReturnType<typeof measure>>): number =>
    median(results.map((result) => result[field]));
  return {
    name: 'policy',
    unit: 's',
    ours: of('firstSeconds'),
    reference: null,
    ratio: null,
    goal: 'first load <= 10 s, second <= 6 s, <= 900 MB at the peak, event loop never late by more than 50 ms',
    details: {
      secondSeconds: of('secondSeconds'),
      replaceSeconds: of('replaceSeconds'),
      rssPeakMb: of('rssPeakMb'),
      rssBeforeMb: of('rssBeforeMb'),
      rssAfterMb: of('rssAfterMb'),
      worstLateMs: Math.max(...results.map(({ worstLateMs }) => worstLateMs)),
      worstBusyMs: Math.max(...results.map(({ worstBusyMs }) => worstBusyMs)),
      bytes: policyText().length,
      rounds: results,
    },
  };
}

async function measure() {
  const directory = await mkdtemp(join(tmpdir(), 'hf-bench-policy-'));
  const watchFile = join(directory, 'loop.jsonl');
  const setting = await startSetting();
  try {
    const { port, pid } = await setting.serve('serve-watched.ts', { watchFile });
    const base = `http://127.0.0.1:${port}`;
    const authorization = await token(base, setting.account, setting.adminApiKey);
    const load = async (method: string): Promise<number> => {
      const begun = performance.now();
      const url = `${base}/policies/${setting.account}/policy/root`;
      const answer = await fetch(url, { method, headers: { authorization }, body: policyText() });
      const body = await answer.text();
      if (answer.status !== 201) throw new Error(`the load answered ${answer.status} ${body.slice(0, 200)}`);
      return Number(((performance.now() - begun) / 1000).toFixed(2));
    };
    await delay(1000);
    const begun = Date.now();
    const memory = watchMemory(pid);
    const rssBeforeMb = memory.nowMb();
    const firstSeconds = await load('POST');
    const secondSeconds = await load('POST');
    const replaceSeconds = await load('PUT');
    await delay(givenBackMs);
    const rssAfterMb = memory.nowMb();
    return {
      ...{ firstSeconds, secondSeconds, replaceSeconds },
      ...{ rssBeforeMb, rssPeakMb: memory.stop(), rssAfterMb },
      worstLateMs: worst(watchFile, 'lateMs', begun),
      worstBusyMs: worst(watchFile, 'busyMs', begun),
    };
  } finally {
    await setting.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** As people write it: block style, 3.7 MB. */
function policyText(): string {
  const lines = ['- !policy', '  id: apps', '  body:'];
  for (let group = 0; group < groups; group += 1) lines.push(`  - !group readers-${group}`);
  for (let index = 0; index < variables; index += 1) {
    lines.push('  - !variable', `    id: ${variable(index)}`, '    kind: password', '    annotations:');
    lines.push(`      description: The password of service ${index}`);
  }
  for (let group = 0; group < groups; group += 1) {
    lines.push(
      '  - !permit',
      `    role: !group readers-${group}`,
      '    privileges: [ read, execute ]',
      '    resources:',
    );
    for (let index = group; index < variables; index += groups)
      lines.push(`    - !variable ${variable(index)}`);
  }
  return `${lines.join('\n')}\n`;
}

function variable(index: number): string {
  return `team-${index % groups}/service-${String(index).padStart(5, '0')}/password`;
}

async function token(base: string, account: string, apiKey: string): Promise<string> {
  const answer = await fetch(`${base}/authn/${account}/admin/authenticate`, { method: 'POST', body: apiKey });
  return `Token token="${Buffer.from(await answer.text()).toString('base64')}"`;
}

function watchMemory(pid: number) {
  const nowMb = (): number => {
    const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Math.round(Number(kb) / 1024);
  };
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, nowMb());
  }, 20);
  return {
    nowMb,
    stop: (): number => {
      clearInterval(timer);
      return peak;
    },
  };
}

/** The most that the event loop was late, or that its thread computed, between two ticks of 5 ms. */
function worst(watchFile: string, field: 'lateMs' | 'busyMs', since: number): number {
  const lines = readFileSync(watchFile, 'utf8').trim().split('\n');
  const values = lines.map((line): number => {
    const record: unknown = JSON.parse(line);
    if (typeof record !== 'object' || record === null || !('at' in record) || !(field in record)) return 0;
    return Number(record.at) > since
      ? Number(Object.entries(record).find(([name]) => name === field)?.[1])
      : 0;
  });
  return Math.max(...values);
}
