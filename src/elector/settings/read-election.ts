import { join } from 'node:path';
import { electionTiming, renewalBoundMs } from '../../core/election/timing.ts';
import { keyFault } from '../consul/key-fault.ts';
import { readDuration, readSeconds } from './duration.ts';
import type { ElectionSettings } from './settings.ts';
import { type Faults, optional, type Reader } from './reader.ts';

const defaultService = 'consul-leader';
/** What Consul takes, and a log can show. */
const labelShape = /^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$/u;
/** Unless told; of a short TTL a sixth. */
const taskStopMs = 2000;

/** Reads what concerns one election. Faults are collected, so that all are told at once. */
export function readElection(reader: Reader, faults: Faults): ElectionSettings {
  const { said, name } = reader;
  const serviceName = said('serviceName');
  if (serviceName === '' || /\p{Cc}/u.test(serviceName))
    faults.add(`${name('serviceName')}: it is empty. Name the service.`);
  const exec = optional(said('exec'));
  const onDeposed = optional(said('onDeposed'));
  const allocId = optional(said('allocId'));
  const allocDir = optional(said('allocDir'));
  const ttlMs = duration(reader, faults, 'ttl');
  const settings: ElectionSettings = {
    serviceName,
    key: readKey(reader, faults, serviceName),
    labels: readLabels(reader, faults),
    ttlMs,
    renewEveryMs: readSleep(reader, faults),
    lockDelayMs: duration(reader, faults, 'lockDelay'),
    service: {
      id: optional(said('serviceId')),
      allocId,
      name: serviceName,
      port: readPort(reader, faults),
    },
    markerFile: allocId !== null && allocDir !== null ? join(allocDir, allocId) : null,
    heedsHealth: oneOf(reader, faults, 'health', ['passing', 'ignore']) === 'passing',
    sessionChecks: readSessionChecks(reader, faults),
    onElected: optional(said('onElected')),
    onDeposed,
    exec,
    taskStopMs: reader.isSaid('taskStop')
      ? duration(reader, faults, 'taskStop')
      : exec !== null || onDeposed !== null
        ? Math.min(taskStopMs, ttlMs / 6)
        : 0,
  };
  if (allocId !== null && /[/\p{Cc}]/u.test(allocId))
    faults.add(`${name('allocId')}: "${allocId}" is no allocation.`);
  return { ...settings, renewEveryMs: checkTimes(settings, reader, faults) };
}

function readKey({ said, isSaid, name }: Reader, faults: Faults, serviceName: string): string {
  if (!isSaid('key')) {
    const fault = keyFault(`/consul-leader/${serviceName}/lock`);
    if (fault !== null && serviceName !== '')
      faults.add(
        `${name('serviceName')}: the key that "${serviceName}" gives ${fault}. Name it in ${name('key')}.`,
      );
    return serviceName === defaultService ? '/consul-leader/lock' : `/consul-leader/${serviceName}/lock`;
  }
  const key = said('key');
  if (!key.includes('/') || /^\/*$/u.test(key)) {
    faults.add(`${name('key')}: "${key}" has no slash. Write it as /consul-leader/NAME/lock.`);
  } else if (keyFault(key) !== null) {
    faults.add(`${name('key')}: "${key}" ${keyFault(key)}. Write it as /consul-leader/NAME/lock.`);
  }
  return `/${key.replace(/^\/+/u, '')}`;
}

function readLabels(reader: Reader, faults: Faults): ElectionSettings['labels'] {
  const primary = reader.said('primaryLabel');
  const replica = optional(reader.said('replicaLabel'));
  for (const [row, label] of [
    ['primaryLabel', primary],
    ['replicaLabel', replica],
  ] as const) {
    if (label === null || labelShape.test(label)) continue;
    faults.add(
      `${reader.name(row)}: ${JSON.stringify(label)} is no label: it is empty, or has control characters.`,
    );
  }
  if (primary === replica) faults.add(`${reader.name('replicaLabel')}: it is the label of the primary, too.`);
  return { primary, replica };
}

function duration(reader: Reader, faults: Faults, row: 'ttl' | 'lockDelay' | 'taskStop'): number {
  const ms = readDuration(reader.said(row));
  if (ms !== null && (ms > 0 || row !== 'ttl')) return ms;
  if (ms === 0) {
    faults.add(`${reader.name(row)}: a session without a TTL would never end. Write it as 15s or 1m30s.`);
    return 15_000;
  }
  faults.add(`${reader.name(row)}: "${reader.said(row)}" is no duration. Write it as 15s or 1m30s.`);
  return 15_000;
}

function readSleep(reader: Reader, faults: Faults): number {
  const ms = readSeconds(reader.said('sleep'));
  if (ms !== null && ms > 0) return ms;
  faults.add(`${reader.name('sleep')}: "${reader.said('sleep')}" is no time. Write the seconds, as 10.`);
  return 1;
}

function readPort({ said, name }: Reader, faults: Faults): number | null {
  const text = said('servicePort');
  if (text === '') return null;
  const port = Number(text);
  if (/^\d+$/u.test(text) && port > 0 && port < 65_536) return port;
  faults.add(`${name('servicePort')}: "${text}" is no port.`);
  return null;
}

function readSessionChecks({ said, name }: Reader, faults: Faults): ElectionSettings['sessionChecks'] {
  const words = said('sessionChecks').split(',');
  const unknown = words.find((word) => !['none', 'node', 'service'].includes(word));
  if (unknown !== undefined || (words.includes('none') && words.length > 1)) {
    faults.add(
      `${name('sessionChecks')}: "${said('sessionChecks')}" is not none, node, service or node,service.`,
    );
  }
  return { node: words.includes('node'), service: words.includes('service') };
}

/** One of `words`; a fault where it is none. */
export function oneOf<T extends string>(
  { said, name }: Reader,
  faults: Faults,
  row: Parameters<Reader['said']>[0],
  words: readonly [T, ...T[]],
): T {
  const found = words.find((word) => word === said(row));
  if (found === undefined) faults.add(`${name(row)}: "${said(row)}" is not one of ${words.join(', ')}.`);
  return found ?? words[0];
}

const floorMs = 10_000;
const ceilingMs = 86_400_000;

/** Returns the renewal period: shorter than told where that would leave no room below the TTL. */
function checkTimes(settings: ElectionSettings, { name }: Reader, faults: Faults): number {
  const { ttlMs, renewEveryMs, taskStopMs: stopMs, sessionChecks, lockDelayMs } = settings;
  if (renewEveryMs >= ttlMs) {
    faults.add(
      `${name('sleep')}: ${renewEveryMs / 1000} s is not below the TTL of ${ttlMs / 1000} s (${name('ttl')}). The session would end between two renewals.`,
    );
    return renewEveryMs;
  }
  const boundMs = renewalBoundMs(ttlMs, electionTiming(ttlMs, renewEveryMs, stopMs));
  const soonerMs = boundMs === null ? renewEveryMs : Math.floor(boundMs * 0.8);
  if (soonerMs <= 0) {
    faults.add(
      `${name('sleep')}: ${renewEveryMs / 1000} s leaves no room below the TTL of ${ttlMs / 1000} s, of which ${stopMs / 1000} s are for the task to stop. Lengthen the TTL, or shorten the stop.`,
    );
  } else if (boundMs !== null) {
    faults.warn(
      `${name('sleep')}: ${renewEveryMs / 1000} s is too near to the TTL of ${ttlMs / 1000} s, of which ${stopMs / 1000} s are for the task to stop. The session is renewed each ${soonerMs / 1000} s.`,
    );
  }
  if (ttlMs < floorMs || ttlMs > ceilingMs) {
    faults.warn(
      `${name('ttl')}: ${ttlMs / 1000} s is outside of the 10 s to 24 h that Consul allows, unless its servers are told otherwise (session_ttl_min).`,
    );
  }
  if ((sessionChecks.node || sessionChecks.service) && lockDelayMs < ttlMs) {
    faults.warn(
      `${name('sessionChecks')}: a session that Consul ends by a check frees the lock before its leader may know. A lock-delay of the TTL (${name('lockDelay')}) keeps two leaders apart.`,
    );
  }
  return soonerMs;
}
