/** As `serve-ours.ts`, and writes down how late its event loop is: a line for each tenth of a second. */
import { appendFileSync } from 'node:fs';
import './serve-ours.ts';

const tickMs = 5;
const lineMs = 100;

process.once('message', ({ watchFile }: { readonly watchFile: string }) => {
  let last = performance.now();
  let worst = 0;
  setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - tickMs);
    last = now;
  }, tickMs).unref();
  setInterval(() => {
    appendFileSync(watchFile, `${JSON.stringify({ at: Date.now(), lateMs: Number(worst.toFixed(1)) })}\n`);
    worst = 0;
  }, lineMs).unref();
});
