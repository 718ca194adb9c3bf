import type { KeeperDuty, KeeperReport, KeeperSettings } from '../../core/audit-keeper.ts';
import { isSpaceUsedUp, type SpaceUse } from '../../core/audit/space.ts';
import { describeError } from '../../core/problem.ts';
import type { PeerAddress } from '../../core/serving.ts';
import type { Logger } from '../../runtime/log.ts';
import { pause } from '../../runtime/pause.ts';
import type { KeptTrail } from '../../store/kept-trail.ts';
import type { ForwardTrail } from '../../store/forward-trail.ts';
import { forward } from '../forwarder/forward.ts';
import { carry } from './carry.ts';
import type { Pusher } from './push.ts';

/** What a keeper works with. */
export interface KeeperNeeds {
  readonly settings: Pick<KeeperSettings, 'retention' | 'space' | 'forward'>;
  readonly trail: KeptTrail;
  readonly pusher: Pusher;
  readonly openForwardTrail: () => ForwardTrail;
  /** Free bytes on the disk of the trail. */
  readonly freeBytes: () => Promise<number>;
  readonly onReport: (report: KeeperReport) => void;
  readonly log: Logger;
}

/** Places are signed this often: so much of a trail that somebody rewrites may go unseen. */
const signEveryMs = 60_000;
const retainEveryMs = 60_000;
const measureEveryMs = 1000;

/** Does what the node's role asks for, one role at a time. */
export class Duties {
  readonly #needs: KeeperNeeds;
  #role: KeeperDuty['role'] = 'none';
  #master: readonly PeerAddress[] = [];
  #term = 0;
  #paceMs = 0;
  #ending = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(needs: KeeperNeeds) {
    this.#needs = needs;
  }

  /** From now on this is to be done; what another role asked for ends first. */
  take(duty: KeeperDuty): void {
    this.#master = duty.role === 'follower' ? duty.master : [];
    this.#term = duty.role === 'follower' ? duty.term : 0;
    this.#paceMs = duty.role === 'follower' ? duty.paceMs : 0;
    if (duty.role === this.#role) return;
    this.#role = duty.role;
    this.#ending.abort();
    const ending = new AbortController();
    this.#ending = ending;
    this.#running = this.#running.then(() => this.#work(duty.role, ending.signal));
  }

  /** Ends all of it. What was under way is done again by the next keeper. */
  async end(): Promise<void> {
    this.take({ role: 'none' });
    await this.#running;
  }

  async #work(role: KeeperDuty['role'], signal: AbortSignal): Promise<void> {
    if (role === 'master')
      await Promise.all([this.#sign(signal), this.#retain(signal), this.#forward(signal)]);
    if (role === 'follower') await this.#follow(signal);
  }

  async #forward(signal: AbortSignal): Promise<void> {
    const { settings, openForwardTrail, log } = this.#needs;
    const { targets, tls } = settings.forward;
    if (targets.length === 0) return;
    const tell = this.#reporter();
    let forwards: KeeperReport['forwards'] = {};
    const trail = openForwardTrail();
    const onBacklog = (target: string, records: number): void => {
      forwards = { ...forwards, [target]: records };
      tell({ forwards });
    };
    try {
      await forward({ trail, targets, tls, onBacklog, log, signal });
    } finally {
      await trail.end();
    }
  }

  /** Tells what changes. */
  #reporter(): (news: Partial<KeeperReport>) => void {
    let report: KeeperReport = { backlog: null, isFull: false, forwards: {} };
    return (news) => {
      const next = { ...report, ...news };
      const same = JSON.stringify(next) === JSON.stringify(report);
      report = next;
      if (!same) this.#needs.onReport(report);
    };
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { trail, pusher, log } = this.#needs;
    const tell = this.#reporter();
    await Promise.all([
      carry({
        trail,
        pusher,
        log,
        signal,
        master: () => this.#master,
        term: () => this.#term,
        paceMs: () => this.#paceMs,
        onBacklog: (backlog) => tell({ backlog }),
      }),
      this.#sign(signal),
      this.#measure(signal, (isFull) => tell({ isFull })),
    ]);
  }

  #sign(signal: AbortSignal): Promise<void> {
    return this.#every(signEveryMs, signal, () => this.#needs.trail.sign());
  }

  #retain(signal: AbortSignal): Promise<void> {
    const { trail, settings, log } = this.#needs;
    return this.#every(retainEveryMs, signal, async () => {
      const gone = await trail.retain(settings.retention);
      if (gone.length > 0) log.info({ segments: gone }, 'old audit records were thrown away');
    });
  }

  #measure(signal: AbortSignal, onChange: (isFull: boolean) => void): Promise<void> {
    const { trail, settings, freeBytes, log } = this.#needs;
    let isFull = false;
    return this.#every(measureEveryMs, signal, async () => {
      const use: SpaceUse = { usedBytes: await trail.bytes(), freeBytes: await freeBytes() };
      const before = isFull;
      isFull = isSpaceUsedUp(before, use, settings.space);
      if (isFull && !before) log.error(use, 'the space of the audit trail is used up');
      if (!isFull && before) log.info(use, 'the audit trail has room again');
      onChange(isFull);
    });
  }

  /** Again and again, the first time at once. A failure is told, and what failed is tried again at its next turn. */
  async #every(periodMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await work().catch((error: unknown) => {
        this.#needs.log.debug(`the audit trail was not looked after: ${describeError(error)}`);
      });
      await pause(periodMs, signal);
    }
  }
}
