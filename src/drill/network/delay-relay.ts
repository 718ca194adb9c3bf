/**
 * Holds back each frame that comes in on one side of a tap device, and gives it back on the same device later: a long
 * cable. socat(1) opens the device and becomes this program, with the device as its standard input and output; what it has
 * to say goes to standard error: `ready`, and `passing` once the first frame has been given back.
 *
 * Usage: delay-relay MILLISECONDS
 */
import { read, writeSync } from 'node:fs';
import { describeError } from '../../core/problem.ts';

const delayMs = Number(process.argv[2]);
/** Frames on their way; more are lost, as in any full queue. */
const most = 20_000;
/** An Ethernet frame fits many times; the kernel hands out one at a time. */
const buffer = Buffer.alloc(65_536);
let underWay = 0;
let isPassing = false;

function say(word: string): void {
  process.stderr.write(`${word}\n`);
}

function giveBack(frame: Buffer): void {
  underWay -= 1;
  try {
    writeSync(1, frame);
  } catch {
    return; // the device refuses a frame while it is being set up or taken away: it is lost, like on any cable
  }
  if (isPassing) return;
  isPassing = true;
  say('passing');
}

function takeNext(): void {
  read(0, buffer, 0, buffer.length, null, (error, length) => {
    if (error !== null) {
      say(`the device cannot be read: ${describeError(error)}`);
      process.exit(1);
    }
    if (underWay < most) {
      const frame = Buffer.from(buffer.subarray(0, length));
      underWay += 1;
      setTimeout(giveBack, delayMs, frame); // timers of one length go off in the order in which they were set
    }
    takeNext();
  });
}

say('ready');
takeNext();
