// What a fencing token is for: a resource that remembers the youngest token, and refuses older ones.
import { isFencingToken } from 'holdfast/elect';

function createGuard(): (token: string, work: () => void) => boolean {
  let youngest = '';
  return (token, work) => {
    // Tokens have a fixed width: comparing them as texts compares their ages.
    if (!isFencingToken(token) || token < youngest) return false;
    youngest = token;
    work();
    return true;
  };
}

const guard = createGuard();
const written: string[] = [];
const [old = '', young = ''] = ['7', '8'].map(
  (count) => `${'12'.padStart(20, '0')}${count.padStart(20, '0')}`,
);
guard(old, () => written.push('old leader'));
guard(young, () => written.push('young leader'));
// The old leader was asleep, and does not know.
const isAccepted = guard(old, () => written.push('too late'));
process.stdout.write(`${written.join(', ')}; the late one is ${isAccepted ? 'accepted' : 'refused'}\n`);
