import type { CheckedTrail } from '../../core/audit/check-trail.ts';
import type { TrailFault } from '../../core/audit/trail-verifier.ts';
import type { Style } from './style.ts';

/** What a look through the audit trail found, for people. */
export function renderVerdict(verdict: CheckedTrail, style: Style): string {
  const { chains, records, unchained, unsigned, faults } = verdict;
  const seen = `${count(records, 'record')} in ${count(chains, 'chain')}`;
  const notes = [
    ...(unsigned > 0 ? [`${count(unsigned, 'record')} so new that no node has signed for them yet`] : []),
    ...(unchained > 0
      ? [`${count(unchained, 'record')} from before there were chains: nothing is known`]
      : []),
  ].map((note) => style.faint(`  ${note}`));
  if (faults.length === 0) {
    return [style.good(`✓ ${seen}: nothing was changed, taken away or put in.`), ...notes].join('\n');
  }
  const lines = faults.map((fault) => `${style.fault('✗')} ${sentenceOf(fault)}`);
  return [...lines, ...notes, '', style.fault(`${count(faults.length, 'fault')} in ${seen}.`)].join('\n');
}

function sentenceOf(fault: TrailFault): string {
  if (fault.kind === 'stray')
    return `record ${fault.seq} is said to be of chain number ${fault.chain}, which is not there`;
  const where = `${fault.node}, chain ${fault.chain}`;
  switch (fault.kind) {
    case 'changed':
      return `${where}: record ${fault.seq} is not what was written`;
    case 'missing':
      return fault.from === fault.to
        ? `${where}: record ${fault.from} is missing`
        : `${where}: records ${fault.from} to ${fault.to} are missing`;
    case 'inserted':
      return `${where}: record ${fault.seq} was put in`;
    case 'forged':
      return `${where}: the node has signed another record ${fault.seq}; some record up to it was changed`;
    case 'badly_signed':
      return `${where}: what stands there as the signature of record ${fault.seq} is none of the node`;
    case 'unsigned':
      return `${where}: records up to ${fault.seq} are gone, and no node vouches for that`;
    case 'misopened':
      return `${where}: what stands there of its beginning is not what it was begun with`;
    case 'forgotten':
      return `${where}: the chain before it is gone, or does not have the record ${fault.seq} that it had`;
  }
}

function count(number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
}
