import { Problem } from '../core/problem.ts';
import { pause } from '../runtime/pause.ts';
import { callPeer, type PeerCall } from './peer-call.ts';

const patienceMs = 60_000;
const pauseMs = { least: 500, most: 2000 };

/**
 * As `callPeer`, for a newcomer: where a dozen machines join at once (one command on all of them), the node takes a few at a time
 * and sends the others away. They come again, a little apart from each other, for a minute.
 *
 * @param onWait told once, when it has to wait
 */
export async function callInTurn(call: PeerCall, onWait: () => void): Promise<string> {
  const giveUpAt = performance.now() + patienceMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await callPeer(call);
    } catch (error) {
      const isBusy = error instanceof Problem && error.code === 'too_many_requests';
      if (!isBusy || performance.now() > giveUpAt || call.signal.aborted) throw error;
    }
    if (isFirst) onWait();
    await pause(pauseMs.least + Math.random() * (pauseMs.most - pauseMs.least), call.signal);
  }
}
