import type { ConjurClient } from '../../client/client.ts';
import { fine, type SyncFinding } from './finding.ts';

const noticeableSeconds = 5;

/** How far this machine's clock is from the server's, by the Date of an answer (RFC 9110, 6.6.1). Elections go by the server's. */
export async function examineClock(
  client: ConjurClient,
  nowMs: () => number = Date.now,
): Promise<readonly SyncFinding[]> {
  const sentMs = nowMs();
  const answer = await client.send({ attempt: 'ask for the time', method: 'GET', path: '/whoami' });
  const receivedMs = nowMs();
  const serverMs = Date.parse(answer.header('date') ?? '');
  if (Number.isNaN(serverMs))
    return [
      {
        area: 'election',
        level: 'fault',
        sentence: 'The server tells no time (Date) in its answers, and elections go by its clock.',
        advice: 'Does something between take the header away? Let it through.',
      },
    ];
  // The server's clock was somewhere in the second that it names, at some moment between the sending and the answer.
  const behindMs = Math.max(0, sentMs - (serverMs + 1000), serverMs - receivedMs);
  const seconds = Math.round(behindMs / 1000);
  return seconds <= noticeableSeconds
    ? [fine('election', 'The clocks of this machine and of the server agree.')]
    : [
        {
          area: 'election',
          level: 'warning',
          sentence: `The clocks of this machine and of the server differ by ${seconds} s. Elections go by the server's, but logs will mislead.`,
          advice: 'Set both by NTP.',
        },
      ];
}
