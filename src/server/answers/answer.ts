/**
 * What a route answers. A value, not a call: it leaves only after the audit trail has taken its record, so no route may send
 * by itself.
 */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
}

export function jsonAnswer(value: unknown, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(value),
  };
}

export function textAnswer(text: string | Buffer): Answer {
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

export function emptyAnswer(status: number): Answer {
  return { status, headers: {}, body: null };
}
