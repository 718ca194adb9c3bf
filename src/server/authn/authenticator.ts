import type { FastifyRequest } from 'fastify';
import type { AuthnRefusal } from '../../core/authn/refusals.ts';
import type { Service } from '../../core/authn/service.ts';
import type { FullId } from '../../core/ids.ts';

/**
 * A way for roles to prove who they are. It looks at what a request carries and at how the service is configured, and says
 * which role it proves, or why it proves none. All else is common to all of them, and happens around it
 * (`authenticate-by-service.ts`): whether the service is switched on, whether the role exists, may authenticate, comes from
 * where it may come from; the token; the audit trail.
 */
export interface Authenticator {
  /** `authn-jwt` */
  readonly type: string;
  /** Names of the variables below the webservice that make its configuration. */
  readonly variables: readonly string[];
  readonly prove: (attempt: Attempt) => Promise<Proof | AuthnRefusal>;
  /** What is wrong with the configuration, as far as it can be told without a role; null: nothing. */
  readonly faultOf: (service: ConfiguredService) => Promise<AuthnRefusal | null>;
}

/** A service with the values of its variables: null where one has none; those that do not exist are not there. */
export interface ConfiguredService extends Service {
  readonly values: ReadonlyMap<string, string | null>;
}

/** One attempt of a role to authenticate. */
export interface Attempt {
  readonly service: ConfiguredService;
  readonly request: FastifyRequest;
  /** The login that the URL names; null: none. */
  readonly login: string | null;
  /** The wall clock, seconds since 1970. */
  readonly nowSeconds: number;
}

/** The role that an attempt proves, as soon as its annotations agree. */
export interface Proof {
  readonly ok: true;
  readonly roleId: FullId;
  /** @param annotations those of the role that begin with the type of the authenticator and a slash */
  readonly agreesWith: (annotations: ReadonlyMap<string, string>) => AuthnRefusal | null;
}

/** The authenticators that this server has, by their types. */
export type Authenticators = ReadonlyMap<string, Authenticator>;
