/**
 * Where an election lies, below an account: the layout of the published protocol.
 *
 * - `expiration`, a variable: until when the leader leads, a Unix time in seconds;
 * - `members`, a group: who may take part;
 * - `leader`, a policy: holds the leader's host, and under the fenced protocol the writers' group and hosts;
 * - `currentLeader`, a host: whoever made it leads;
 * - `writers`, a group: who may write the expiration and the branches of the target.
 */
export const places = {
  expiration: 'conjur/vault-synchronizer/leader-expiration',
  members: 'conjur/vault-synchronizer/members',
  leader: 'conjur/vault-synchronizer/leader',
  currentLeader: 'conjur/vault-synchronizer/leader/current-leader',
  writers: 'conjur/vault-synchronizer/leader/writers',
} as const;

/** The identifier of a term's writer. */
export function writerHost(writer: string): string {
  return `${places.leader}/${writer}`;
}
