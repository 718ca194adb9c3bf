import { Problem } from '../../core/problem.ts';
import { ask } from '../consul/answer.ts';
import { type ConsulHttp, openConsulHttp } from '../consul/http.ts';
import { writeStepDown } from '../consul/step-down.ts';
import type { ElectionSettings, SidecarSettings } from '../settings/settings.ts';
import { type ElectionReport, readReport } from './report.ts';

const timeoutMs = 5000;

/** `elect status`: who leads each election; exit code 1 when one has no leader. */
export async function tellStatus(
  { connection, elections }: SidecarSettings,
  { answer, asJson }: { readonly answer: (line: string) => void; readonly asJson: boolean },
): Promise<number> {
  const http = await openConsulHttp(connection);
  try {
    const reports = await Promise.all(elections.map((election) => readReport(http, election, timeoutMs)));
    answer(
      asJson
        ? JSON.stringify(reports.length === 1 ? reports[0] : reports)
        : reports.map(described).join('\n'),
    );
    return reports.every(({ leader }) => leader !== null) ? 0 : 1;
  } finally {
    http.close();
  }
}

function described({ key, leader }: ElectionReport): string {
  if (leader === null) return `${key}: nobody leads.`;
  const { service, address, node, since, session, token } = leader;
  const who = service === null ? `a session on ${node}` : `${service} at ${address} on ${node}`;
  const from = since === null ? '' : ` since ${since}`;
  return `${key}: ${who} leads${from}, by session ${session}${token === null ? '; its token is not known, since the key was overwritten' : ` and token ${token}`}.`;
}

/** `elect step-down`: asks each leader, and waits until the lock is given up. */
export async function stepDown(
  { connection, elections }: SidecarSettings,
  { answer }: { readonly answer: (line: string) => void },
): Promise<number> {
  const http = await openConsulHttp(connection);
  try {
    for (const election of elections) answer(await stepDownOf(http, election));
    return 0;
  } finally {
    http.close();
  }
}

async function stepDownOf(http: ConsulHttp, election: ElectionSettings): Promise<string> {
  const { leader, modifyIndex } = await readReport(http, election, timeoutMs);
  if (leader === null) return `${election.key}: nobody leads.`;
  const key = election.key.replace(/^\/+/u, '');
  // Written as the holder of the lock would: a plain write would set the lock's count to 0.
  const body = [
    { KV: { Verb: 'check-index', Key: key, Index: modifyIndex } },
    {
      KV: {
        Verb: 'lock',
        Key: key,
        Value: Buffer.from(writeStepDown(leader.session)).toString('base64'),
        Flags: leader.flags,
        Session: leader.session,
      },
    },
  ];
  const purpose = { what: 'the leader is asked to step down', permission: `key:write on ${key}` };
  const call = { method: 'PUT', path: '/v1/txn', body, timeoutMs } as const;
  const asked = await ask(http, call, purpose, [409]);
  if (asked.status === 409) return `${election.key}: the leader has changed meanwhile.`;
  const patienceMs = election.ttlMs;
  const endAt = performance.now() + patienceMs;
  let seen = await readReport(http, election, timeoutMs);
  while (seen.leader?.session === leader.session && performance.now() < endAt) {
    seen = await readReport(http, election, timeoutMs, {
      index: seen.modifyIndex,
      waitMs: endAt - performance.now(),
    });
  }
  if (seen.leader?.session !== leader.session) return `${election.key}: the leader has stepped down.`;
  throw new Problem(
    'consul_unanswered',
    `${election.key}: the leader has not stepped down within ${patienceMs / 1000} s. Is it a sidecar of Holdfast?`,
  );
}
