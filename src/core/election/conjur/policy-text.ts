/**
 * What an administrator loads into `root` (POST) for elections by the fenced protocol.
 *
 * - `leader-expiration` is written by a term's writer alone: `members` may read it and no more.
 * - A writer is owned by `fence`, whose member is nobody. What `members` owned, they could use: whoever owns a host may have all that
 *   the host may.
 * - Rows that are loaded through `root` outlive a replacement (PUT) of the policy `leader`, which deletes that policy's own rows and
 *   no others.
 *
 * The branches of the target take the writers in: `!grant` of a branch's admins to `conjur/vault-synchronizer/leader/writers`.
 */
export function fencedPolicy(): string {
  return `- !policy
  id: conjur
  body:
    - !policy
      id: vault-synchronizer
      body:
        - !variable leader-expiration
        - !group members
        - !group fence          # nobody's member: owns what \`members\` must not inherit

        - !policy
          id: leader
          owner: !group members
          body:
            - !group
              id: writers
              owner: !group /conjur/vault-synchronizer/fence
            - !permit           # a PUT on leader needs update on every descendant
              role: !group /conjur/vault-synchronizer/members
              privileges: [ read, update ]
              resource: !group writers

        - !policy
          id: vault-lines-of-business
          owner: !group members
          body:
            - !variable
              id: lob-1
              mime_type: application/json

        - !permit
          role: !group members
          privileges: [ read, execute ]
          resource: !variable leader-expiration
        - !permit
          role: !group leader/writers
          privileges: [ read, execute, update ]
          resource: !variable leader-expiration
`;
}

/** What elections by the published protocol need, as the design note means it: its own indentation is no YAML. */
export function publishedPolicy(): string {
  return `- !policy
  id: conjur
  body:
    - !policy
      id: vault-synchronizer
      body:
        - !variable leader-expiration

        # The group all synchronizer hosts are added to.
        - !group members

        - !permit
          role: !group members
          privileges: [ read, execute, update ]
          resources:
            - !variable leader-expiration

        - !policy
          id: leader
          owner: !group members

        - !policy
          id: vault-lines-of-business
          owner: !group members
          body:
            - !variable
              id: lob-1
              mime_type: application/json
            - !variable
              id: lob-2
              mime_type: application/json
`;
}
