import type { ApiSettings } from '../../src/core/api-settings.ts';

/** A request as it goes out. */
export interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

/** An answer as it came in; names of headers in lower case. */
export interface Incoming {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The route that answered, `GET /secrets/:account/:kind/*`; null when none did, or nobody can know. */
  readonly route: string | null;
}

/** A server under test. */
export interface Target {
  readonly send: (request: Outgoing, settings: Partial<ApiSettings>) => Promise<Incoming>;
  /** Makes an account and answers the API key of its `admin`. */
  readonly makeAccount: (account: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}
