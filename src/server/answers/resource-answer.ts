import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FullId } from '../../core/ids.ts';
import { newestVersions, type PolicyVersion, readPolicyTexts } from '../../store/policy-texts.ts';
import type { Reads } from '../../store/reads.ts';
import type { ResourceJson } from '../../store/resources.ts';
import type { Answer } from './answer.ts';

/**
 * Policy texts in one answer, bytes. A policy keeps twenty versions of ten megabytes each: older ones than fit are left out,
 * as those are that it keeps no more.
 */
const textsLimit = 32 * 1024 * 1024;
/** Texts that are read without letting other requests have their turn, bytes. */
const turnBytes = 256 * 1024;

/** A resource, or a list of them, as JSON; policies get the texts of their versions here, in pieces. */
export async function resourceAnswer(
  reads: Reads,
  found: ResourceJson | readonly ResourceJson[],
): Promise<Answer> {
  const list = isList(found) ? found : [found];
  const policyIds = list.filter(isVersioned).map(({ id }) => id);
  const texts =
    policyIds.length === 0 ? new Map<string, Buffer<ArrayBuffer>>() : await encodedTexts(reads, policyIds);
  const pieces = list.flatMap((one, index) => [
    Buffer.from(index === 0 ? '' : ','),
    ...(isVersioned(one) ? policyPieces(one, texts) : [Buffer.from(JSON.stringify(one))]),
  ]);
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: Buffer.concat(isList(found) ? [Buffer.from('['), ...pieces, Buffer.from(']')] : pieces),
  };
}

interface Versioned {
  readonly id: FullId;
  readonly policy_versions: readonly { readonly version: number }[];
}

function isList(found: ResourceJson | readonly ResourceJson[]): found is readonly ResourceJson[] {
  return Array.isArray(found);
}

function isVersioned(one: ResourceJson): one is ResourceJson & Versioned {
  return Array.isArray(one['policy_versions']) && one['policy_versions'].length > 0;
}

/** The texts as JSON, by policy and version. */
async function encodedTexts(
  reads: Reads,
  policyIds: readonly FullId[],
): Promise<ReadonlyMap<string, Buffer<ArrayBuffer>>> {
  const versions = await reads.run((sql) => newestVersions(sql, policyIds, textsLimit));
  const texts = new Map<string, Buffer<ArrayBuffer>>();
  for (const batch of inTurns(versions)) {
    const rows = await reads.run((sql) => readPolicyTexts(sql, batch));
    for (const { id, version, json } of rows) texts.set(keyOf(id, version), Buffer.from(json));
    await nextTurn();
  }
  return texts;
}

/** Versions in their order, as many at a time as one turn takes. */
function inTurns(versions: readonly PolicyVersion[]): readonly (readonly PolicyVersion[])[] {
  const turns: PolicyVersion[][] = [];
  let room = 0;
  for (const version of versions) {
    const turn = turns.at(-1);
    if (turn === undefined || version.bytes > room) {
      turns.push([version]);
      room = turnBytes - version.bytes;
    } else {
      turn.push(version);
      room -= version.bytes;
    }
  }
  return turns;
}

function policyPieces(
  policy: ResourceJson & Versioned,
  texts: ReadonlyMap<string, Buffer<ArrayBuffer>>,
): Buffer<ArrayBuffer>[] {
  const { policy_versions: versions, ...others } = policy;
  const pieces = [Buffer.from(`${JSON.stringify(others).slice(0, -1)},"policy_versions":[`)];
  for (const one of versions) {
    const text = texts.get(keyOf(policy.id, one.version));
    if (text === undefined) continue;
    const opening = `${pieces.length === 1 ? '' : ','}${JSON.stringify(one).slice(0, -1)},"policy_text":`;
    pieces.push(Buffer.from(opening), text, Buffer.from('}'));
  }
  pieces.push(Buffer.from(']}'));
  return pieces;
}

function keyOf(id: FullId, version: number): string {
  return `${id} ${version}`;
}
