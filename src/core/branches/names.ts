import { type FullId, fullId } from '../ids.ts';

/**
 * Paths of branches. A branch is a policy seen from version 2 of the API: `data/apps` is the policy of that identifier,
 * and `/` the policy `root`. One slash in front of a path means nothing.
 */

/** Whether a path is that of the root branch. */
export function isRootPath(path: string): boolean {
  return path === '/' || path === 'root' || path === '/root';
}

/** A path as the identifier of a policy or role. */
export function identifierOfPath(path: string): string {
  return isRootPath(path) ? 'root' : path.replace(/^\//, '');
}

/** The path of `name` in a branch. */
export function pathIn(branch: string, name: string): string {
  return isRootPath(branch) ? name : `${branch}/${name}`;
}

/** The branch that a path lies in: `/` for the first level. */
export function branchOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '/' : path.slice(0, slash);
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The policy behind a path. */
export function policyAt(account: string, path: string): FullId {
  return fullId(account, 'policy', identifierOfPath(path));
}

/** What refusals call it, since clients of version 2 know of no policies. */
export function branchIdAt(account: string, path: string): FullId {
  return fullId(account, 'branch', identifierOfPath(path));
}
