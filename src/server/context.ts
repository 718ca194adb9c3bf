import type { ApiSettings } from '../core/api-settings.ts';
import type { Problem } from '../core/problem.ts';
import type { Store } from '../store/open-store.ts';
import type { PasswordHasher } from '../store/password.ts';
import type { PolicyLoader } from './policy/loader.ts';
import type { Authenticators } from './authn/authenticator.ts';
import type { Metrics } from './metrics/open-metrics.ts';
import type { Serving } from './serving/serving.ts';
import type { Keyring } from './token/keyring.ts';
import type { TokenVerifier } from './token/verifier.ts';

/** What the routes need. One per worker. */
export interface ServerContext {
  /** The account that the cluster was made with; it may hold more. */
  readonly account: string;
  readonly nodeName: string;
  readonly settings: ApiSettings;
  readonly store: Store;
  readonly policies: PolicyLoader;
  readonly serving: Serving;
  /** Null: nobody has switched them on. */
  readonly metrics: Metrics | null;
  readonly keyring: Keyring;
  readonly tokens: TokenVerifier;
  readonly passwords: PasswordHasher;
  readonly authenticators: Authenticators;
  /** Whether both local databases answered within the last second. */
  readonly databases: () => { readonly data: boolean; readonly audit: boolean };
  /** The wall clock, milliseconds since 1970: for tokens and audit records, never for decisions about roles. */
  readonly wallClock: () => number;
  readonly logFault: (error: unknown) => void;
  /** Told of each request that is refused for a passing reason; the text never goes to the client. */
  readonly logRefusal: (problem: Problem) => void;
}
