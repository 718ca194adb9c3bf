// Two contenders in one process: how a campaign goes, without a store.
import { campaign, createMemoryElection } from 'holdfast/elect';

const ttlMs = 1500;
const election = createMemoryElection(ttlMs);

async function contend(name: string): Promise<void> {
  await campaign({
    backend: election.connect(),
    ttlMs,
    stopWithinMs: 200,
    // When this returns, the campaign is over, and the lock free for the next.
    lead: ({ token }) => {
      process.stdout.write(`${name} leads, term ${Number(token.slice(20))}\n`);
    },
  });
}

await contend('first');
await contend('second');
