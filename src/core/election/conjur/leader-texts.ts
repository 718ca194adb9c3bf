/**
 * What is sent to the policy `conjur/vault-synchronizer/leader`: first the PUT, which deletes the leader's host (and under the fenced
 * protocol the writer of its term with all its tokens), then the POST, whose answer holds an API key of `current-leader` for one sender
 * alone.
 */
export const deletionText = `- !delete
  record: !host current-leader
`;

/** The POST of the published protocol. */
export function publishedText(name: string): string {
  return `- !host
  id: current-leader
  annotations:
    host: ${quoted(name)}
`;
}

/**
 * The POST of the fenced protocol: the published one, followed by the writer of this term in the same load. Members may read and
 * update the writer (a PUT needs that), and own it not: what they owned, they could use.
 *
 * @param writer `writer-` and what no sender has used before
 */
export function fencedText(name: string, writer: string): string {
  return `${publishedText(name)}
- !host
  id: ${writer}
  owner: !group /conjur/vault-synchronizer/fence
  annotations:
    authn/api-key: 'true'
- !permit
  role: !group /conjur/vault-synchronizer/members
  privileges: [ read, update ]
  resource: !host ${writer}
- !grant
  role: !group writers
  member: !host ${writer}
`;
}

/** The text of a double-quoted scalar: those of JSON are YAML's, too (YAML 1.2, 5.7). */
function quoted(text: string): string {
  return JSON.stringify(text);
}
