/** As `serve-ours.ts`, and writes down how late its event loop is: a line for each tenth of a second. */
import { appendFileSync } from 'node:fs';
import './serve-ours.ts';

const tickMs = 5;
const lineMs = 100;

process.once('message', ({ watchFile }: { readonly watchFile: string }) => {
  let last = performance.now();
  let lastCpu = cpuMs();
  let late = 0;
  let busy = 0;
  setInterval(() => {
    const now = performance.now();
    const cpu = cpuMs();
    late = Math.max(late, now - last - tickMs);
    busy = Math.max(busy, cpu - lastCpu);
    last = now;
    lastCpu = cpu;
  }, tickMs).unref();
  setInterval(() => {
    const line = { at: Date.now(), lateMs: Number(late.toFixed(1)), busyMs: Number(busy.toFixed(1)) };
    appendFileSync(watchFile, `${JSON.stringify(line)}\n`);
    late = 0;
    busy = 0;
  }, lineMs).unref();
});

/** What this thread alone has used of the processor: a late tick without it was the machine's doing. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
