import type { JobAnswer } from './job.ts';

/** An answer of JSON, ready to travel to the API thread and on to the client. */
export function jsonBody(status: number, value: unknown): JobAnswer {
  return {
    status,
    contentType: 'application/json; charset=utf-8',
    body: new TextEncoder().encode(JSON.stringify(value)),
  };
}
