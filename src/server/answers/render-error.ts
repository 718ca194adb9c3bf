import { randomInt } from 'node:crypto';
import { splitFullId } from '../../core/ids.ts';
import { isProblem, type Problem, type ProblemKind } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import { v2MediaType } from '../http/media-types.ts';
import { untouchedHeader } from '../http/holdfast-headers.ts';
import { PolicyRefused, RecordNotFound } from './refusals.ts';

/** An error as it leaves: the only place where the wire's error shapes are made. */
export interface RenderedError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Statuses by the kind of a Problem, where its code says nothing else. */
const statusOfKind: Readonly<Record<ProblemKind, number>> = {
  usage: 500,
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  not_allowed: 405,
  too_large: 413,
  unavailable: 503,
  timeout: 503,
  internal: 500,
};

interface Shape {
  readonly status?: number;
  /** The wire's code, where it is not the Problem's own. `empty`: no body. `text`: the detail as plain text. */
  readonly code?: string | number;
  readonly form?: 'json' | 'empty' | 'text';
  readonly headers?: Headers | (() => Headers);
}

type Headers = Readonly<Record<string, string>>;

const retrySoon = { 'retry-after': '1' } as const;
/** As Conjur: 1 to 8 seconds, so that those who were refused together do not come back together. */
const retrySometime = (): Headers => ({ 'retry-after': String(randomInt(1, 9)) });
/** Said only where no work had begun. */
const untouched = { ...retrySoon, [untouchedHeader]: '1' } as const;

const shapes: Readonly<Partial<Record<ProblemCode, Shape>>> = {
  argument_invalid: { code: 'argument_error' },
  authorization_missing: { form: 'text' },
  token_malformed: { form: 'text' },
  token_invalid: { form: 'text' },
  origin_rejected: { form: 'text' },
  credentials_invalid: { form: 'empty' },
  credential_too_weak: { code: 'unauthorized' },
  forbidden: { form: 'empty' },
  record_not_found: { code: 'not_found' },
  route_not_found: { form: 'empty' },
  secret_empty: { code: 'not_found' },
  secret_not_text: { status: 406, code: 'not_acceptable' },
  request_malformed: { status: 400, code: 'bad_request' },
  content_unprocessable: { code: 'unprocessable_entity' },
  data_key_mismatch: { code: 'data_key_invalid' },
  read_only: { code: 405 },
  policy_busy: { code: 'policy_conflict', headers: retrySometime },
  answer_too_late: { code: 'service_unavailable' },
  node_not_serving: { code: 'service_unavailable', headers: untouched },
  writes_closed: { code: 'service_unavailable', headers: untouched },
};

/** What is not a Problem is a fault of ours: a 500 without a word. */
export function renderError(error: unknown): RenderedError {
  if (!isProblem(error)) return { status: 500, headers: {}, body: '' };
  const shape = shapes[error.code] ?? {};
  const status = shape.status ?? statusOfKind[error.kind];
  const ofShape = typeof shape.headers === 'function' ? shape.headers() : shape.headers;
  const headers = ofShape ?? (status === 503 ? retrySoon : {});
  if (status === 500 || shape.form === 'empty') return { status, headers, body: '' };
  if (shape.form === 'text') {
    return {
      status,
      headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
      body: error.detail,
    };
  }
  const body = JSON.stringify({
    error: { code: shape.code ?? error.code, message: error.detail, ...more(error) },
  });
  return { status, headers: { ...headers, 'content-type': 'application/json; charset=utf-8' }, body };
}

/** As `renderError`, in the shape of version 2: the status as a text, and a message. */
export function renderErrorV2(error: unknown): RenderedError {
  const { status, headers, body } = renderError(error);
  if (body === '' || !isProblem(error)) return { status, headers, body: '' };
  const message = status === 401 || status === 403 ? '' : error.detail;
  const json = message === '' ? '' : JSON.stringify({ code: String(status), message });
  return { status, headers: { ...headers, 'content-type': v2MediaType }, body: json };
}

function more(error: Problem): Readonly<Record<string, unknown>> {
  if (error instanceof RecordNotFound) {
    const details = { code: 'not_found', target: 'id', message: error.recordId };
    return { target: splitFullId(error.recordId).kind, details };
  }
  if (error instanceof PolicyRefused && error.refusal === 'validation_failed') {
    // As Conjur names a field: its name, then what is wrong with it.
    const [target = '', ...words] = error.detail.split(' ');
    return { details: [{ code: 'validation_failed', target, message: words.join(' ') }] };
  }
  if (error instanceof PolicyRefused && error.at !== null) {
    return {
      innererror: { code: error.code, filename: 'policy', line: error.at.line, column: error.at.column },
    };
  }
  return {};
}
