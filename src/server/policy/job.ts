import type { FullId } from '../../core/ids.ts';
import type { LoadMode } from '../../core/policy/types.ts';
import type { CallerRole } from '../../store/access.ts';
import type { ProblemMessage } from './problem-message.ts';

/** Work for the loader's thread: everything it must know, as values that can travel there. */
export type PolicyJob = LoadJob | FetchJob;

interface JobBase {
  readonly policyId: FullId;
  readonly caller: CallerRole;
}

/** A policy text that is to be loaded, or only told what it would change. */
export interface LoadJob extends JobBase {
  readonly kind: 'load' | 'dry run';
  readonly mode: LoadMode;
  readonly privilege: 'create' | 'update';
  /** The body as it came. */
  readonly text: Uint8Array;
  /** Whether hosts must ask for an API key. */
  readonly hostsNameApiKey: boolean;
  /** For the audit trail: where the request came from, its id, and when (milliseconds since 1970). */
  readonly address: string;
  readonly requestId: string;
  readonly nowMs: number;
}

/** A policy that is to be written down as it is in force. */
export interface FetchJob extends JobBase {
  readonly kind: 'fetch';
  readonly depth: number;
  /** Rows at most: resources, annotations and permissions together. */
  readonly limit: number;
  readonly form: 'yaml' | 'json';
}

/** What the client is answered. */
export interface JobAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** From the loader to its thread. `end`: close the connections, then be no more. */
export type ThreadCommand = { readonly kind: 'job'; readonly job: PolicyJob } | { readonly kind: 'end' };

/** From the thread: `committing`, in a load that may have been written from now on; then one of the others. */
export type ThreadMessage =
  | { readonly kind: 'committing' }
  | { readonly kind: 'answer'; readonly answer: JobAnswer }
  | { readonly kind: 'problem'; readonly problem: ProblemMessage }
  | { readonly kind: 'fault'; readonly text: string };
