/**
 * The reference of the benchmark and of the drop-in test: leader election by polling, in the way of the sidecar that many
 * run beside their Nomad tasks. It is told everything by the environment, looks at the key once per turn, and does nothing
 * at its end. A program of its own; its log is empty unless something fails.
 */
import { closeSync, openSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

interface Entry {
  readonly ID: string;
  readonly Service: string;
  readonly Tags: readonly string[] | null;
  readonly Meta: Readonly<Record<string, string>>;
}

const env = (name: string, otherwise: string): string => process.env[name] || otherwise;
const address = env('CONSUL_HTTP_ADDR', 'http://localhost:8500');
const service = env('CONSUL_LEADER_SERVICE_NAME', 'consul-leader');
const keyRoot = service === 'consul-leader' ? '/consul-leader' : `/consul-leader/${service}`;
const key = env('CONSUL_LEADER_KEY', `${keyRoot}/lock`);
const primaryLabel = env('CONSUL_LEADER_PRIMARY_LABEL', 'primary');
const replicaLabel = env('CONSUL_LEADER_REPLICA_LABEL', '');
const ttl = env('CONSUL_LEADER_TTL', '15s');
const lockDelay = env('CONSUL_LEADER_LOCKDELAY', '0s');
const sleepMs = Number(env('CONSUL_LEADER_SLEEP', '10')) * 1000;
const allocId = env('NOMAD_ALLOC_ID', '');
const allocDir = env('NOMAD_ALLOC_DIR', '');
const retryMs = 5000;

async function main(): Promise<void> {
  await makeKey();
  let session = await openSession();
  await changeEntry((entry) => ({ ...entry, Meta: { ...entry.Meta, session } }));
  if (await acquire(session)) await becomeLeader();
  for (;;) {
    session = await turn(session);
    await pause(sleepMs);
  }
}

/** One look at the world, and the session after it. */
async function turn(session: string): Promise<string> {
  const renewed = await ask('PUT', `session/renew/${session}`);
  if (renewed.status === 404) {
    const next = await openSession();
    await changeEntry((entry) => ({ ...entry, Meta: { ...entry.Meta, session: next } }));
    return look(next);
  }
  return look(session);
}

async function look(session: string): Promise<string> {
  const { status, text } = await ask('GET', `kv${key}?consistent`);
  const [entry]: readonly { Session?: string }[] = status === 200 ? JSON.parse(text) : [];
  if (entry?.Session === session) {
    await label(primaryLabel, replicaLabel);
    return session;
  }
  await label(replicaLabel, primaryLabel);
  if (entry?.Session === undefined) {
    if (status === 404) await makeKey();
    if (await acquire(session)) await becomeLeader();
  }
  return session;
}

async function makeKey(): Promise<void> {
  if ((await ask('GET', `kv${key}`)).status === 404) await ask('PUT', `kv${key}`, '');
}

async function openSession(): Promise<string> {
  const wanted = JSON.stringify({
    Name: `Consul-Leader API Lock: ${service}`,
    TTL: ttl,
    LockDelay: lockDelay,
  });
  for (let attempt = 1; ; attempt += 1) {
    const { status, text } = await ask('PUT', 'session/create', wanted);
    if (status === 200) return JSON.parse(text).ID;
    if (attempt === 2) fail(`no session: ${status} ${text}`);
    await pause(retryMs);
  }
}

async function acquire(session: string): Promise<boolean> {
  return (await ask('PUT', `kv${key}?acquire=${session}`)).text.trim() === 'true';
}

async function becomeLeader(): Promise<void> {
  await label(primaryLabel, replicaLabel);
  if (allocDir !== '') closeSync(openSync(join(allocDir, allocId), 'a'));
}

/** Puts one tag on and takes the other off; an empty one means none. */
function label(on: string, off: string): Promise<void> {
  return changeEntry((entry) => {
    const kept = (entry.Tags ?? []).filter((tag) => tag !== off);
    return { ...entry, Tags: on === '' || kept.includes(on) ? kept : [...kept, on] };
  });
}

/** Sends the entry back whole, when something changes. */
async function changeEntry(change: (entry: Entry) => Entry): Promise<void> {
  const entry = await findEntry();
  const changed = change(entry);
  if (JSON.stringify(changed) === JSON.stringify(entry)) return;
  const { Service: Name, ...rest } = changed;
  const payload = Object.entries({ ...rest, Name }).filter(([name]) => name !== 'Datacenter');
  await ask('PUT', 'agent/service/register', JSON.stringify(Object.fromEntries(payload)));
}

async function findEntry(): Promise<Entry> {
  const filter = encodeURIComponent(`ID matches "_nomad-task-${allocId}-.*"`);
  for (let attempt = 1; ; attempt += 1) {
    const { status, text } = await ask('GET', `agent/services?filter=${filter}`);
    const [entry] = status === 200 ? Object.values<Entry>(JSON.parse(text)) : [];
    if (entry !== undefined) return entry;
    if (attempt === 3) fail(`no service of allocation ${allocId}`);
    await pause(retryMs);
  }
}

/** Status 0: there was no answer. */
function ask(method: string, path: string, body = ''): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const sent = request(`${address}/v1/${path}`, { method, agent: false, timeout: 10_000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('error', () => resolve({ status: 0, text }));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', (error) => resolve({ status: 0, text: error.message }));
    sent.end(body);
  });
}

function fail(sentence: string): never {
  process.stderr.write(`polling: ${sentence}\n`);
  process.exit(1);
}

await main();
