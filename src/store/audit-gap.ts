import type { AuditRecord } from '../core/audit/audit-record.ts';
import { gapRecord } from '../core/audit/gap-record.ts';

/** A count is written this often: so much of it may a kill take along. */
const tellEveryMs = 10_000;

/** Counts the records for which there is no room, and writes how many they were. */
export class Gap {
  readonly #write: (record: AuditRecord) => Promise<void>;
  #count = 0;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param write puts a record into the trail, also while it is full: a count takes next to nothing */
  constructor(write: (record: AuditRecord) => Promise<void>) {
    this.#write = write;
  }

  add(records: number): void {
    if (this.#count === 0) this.#since = Date.now();
    this.#count += records;
    this.#timer ??= setTimeout(() => this.close(), tellEveryMs);
  }

  /** Writes what was counted, if anything. A count that cannot be written is added to the next. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#count === 0) return;
    const [count, since] = [this.#count, this.#since];
    this.#count = 0;
    const [first, last] = [since, Date.now()].map((ms) => new Date(ms).toISOString());
    const record = gapRecord({ count, since: first ?? '', until: last ?? '' });
    this.#writing = this.#write(record).catch(() => {
      this.add(count);
      this.#since = since;
    });
  }

  async end(): Promise<void> {
    this.close();
    await this.#writing;
    clearTimeout(this.#timer);
  }
}
