import type { History } from './history.ts';
import { highestTermBefore } from './terms.ts';
import type { Violation } from './verdict.ts';
import { when } from './words.ts';

/** Another term after a fault that the master should have outlived. The first one tells it all. */
export function needlessFailover({ span, sightings }: History): readonly Violation[] {
  if (!span.keepsMaster) return [];
  const before = highestTermBefore(span, sightings);
  const first = sightings
    .filter(({ says, askedAt }) => {
      const term = says?.term ?? null;
      return before !== null && term !== null && term > before && askedAt >= span.beganAt;
    })
    .toSorted((a, b) => a.answeredAt - b.answeredAt)[0];
  if (first === undefined) return [];
  const at = when(span, first.answeredAt);
  return [
    {
      kind: 'needless failover',
      at: first.answeredAt - span.beganAt,
      key: null,
      sentence: `${first.node} told of term ${first.says?.term} ${at}; ${span.master} should have stayed master in term ${before}.`,
    },
  ];
}
