import { type FullId, fullId } from '../ids.ts';
import type { Change } from '../policy/types.ts';
import type { AuthenticatorSpec } from './authenticator-spec.ts';
import { nameOfService, statusWebserviceOf, variableOf, webserviceOf } from './service.ts';

/** The policy that holds everything of a service. */
export function policyOf(spec: Pick<AuthenticatorSpec, 'service'>): FullId {
  return fullId(spec.service.account, 'policy', `conjur/${nameOfService(spec.service)}`);
}

/**
 * The rows of a new service, as a load of its branch would make them: a policy with the webservice, its status, the
 * variables, and two groups: `apps` may authenticate, `operators` may ask for the status.
 */
export function authenticatorRows(spec: AuthenticatorSpec): readonly Change[] {
  const { service, branchId: policyId } = spec;
  const policy = policyOf(spec);
  const [webservice, status] = [webserviceOf(service), statusWebserviceOf(service)];
  const group = (name: string): FullId =>
    fullId(service.account, 'group', `conjur/${nameOfService(service)}/${name}`);
  const [apps, operators] = [group('apps'), group('operators')];
  const variables = [...spec.values.keys()].map((name) => variableOf(service, name));
  // The one service of gcp has no policy of its own: its branch is it.
  const roles = policy === policyId ? [apps, operators] : [policy, apps, operators];
  const ownerOf = (id: FullId): FullId => (id === policy ? (spec.ownerId ?? policyId) : policy);
  return [
    ...roles.map((roleId): Change => ({ op: 'insert', table: 'roles', roleId, policyId })),
    ...[...roles, webservice, status, ...variables].map((resourceId): Change => {
      return { op: 'insert', table: 'resources', resourceId, ownerId: ownerOf(resourceId), policyId };
    }),
    ...roles.map((roleId): Change => {
      const membership = { roleId, memberId: ownerOf(roleId), adminOption: true, ownership: true };
      return { op: 'insert', table: 'role_memberships', ...membership, policyId };
    }),
    permission(webservice, apps, 'read', policyId),
    permission(webservice, apps, 'authenticate', policyId),
    permission(status, operators, 'read', policyId),
    ...[...spec.annotations].map(([name, value]): Change => {
      return { op: 'insert', table: 'annotations', resourceId: webservice, name, value, policyId };
    }),
  ];
}

function permission(resourceId: FullId, roleId: FullId, privilege: string, policyId: FullId): Change {
  return { op: 'insert', table: 'permissions', resourceId, roleId, privilege, policyId };
}
