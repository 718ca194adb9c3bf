import { randomInt } from 'node:crypto';
import { splitFullId } from '../../core/ids.ts';
import { isProblem, type Problem, type ProblemKind } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import { v2MediaType } from '../http/media-types.ts';
import { untouchedHeader } from '../http/holdfast-headers.ts';
import { AccountRefused, PolicyRefused, RecordExists, RecordNotFound, StatusRefused } from './refusals.ts';

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
  /** The wire's code, where it is not the Problem's own. */
  readonly code?: string | number;
  /** `empty`: no body. `text`: the detail as plain text. `v2`: the shape of version 2, whatever was asked for. */
  readonly form?: 'json' | 'empty' | 'text' | 'v2';
  readonly headers?: Headers | (() => Headers);
}

type Headers = Readonly<Record<string, string>>;

const retrySoon = { 'retry-after': '1' } as const;
/** As Conjur: 1 to 8 seconds, so that those who were refused together do not come back together. */
const retrySometime = (): Headers => ({ 'retry-after': String(randomInt(1, 9)) });
/** Said only where no work had begun. */
const untouched = { ...retrySoon, [untouchedHeader]: '1' } as const;

const shapes: Readonly<Partial<Record<ProblemCode, Shape>>> = {
  api_version_missing: { status: 400, form: 'v2' },
  account_exists: { code: 'conflict' },
  account_in_use: { code: 'conflict' },
  account_unknown: { code: 'not_found' },
  argument_invalid: { code: 'argument_error' },
  authentication_failed: { form: 'empty' },
  authentication_forbidden: { form: 'empty' },
  authenticator_forbidden: { form: 'v2' },
  authenticator_unsupported: { form: 'empty' },
  authorization_missing: { form: 'text' },
  token_malformed: { form: 'text' },
  token_invalid: { form: 'text' },
  origin_rejected: { form: 'text' },
  credentials_invalid: { form: 'empty' },
  credential_too_weak: { code: 'unauthorized' },
  field_missing: { status: 400, form: 'empty' },
  forbidden: { form: 'empty' },
  provider_failed: { status: 502, form: 'empty' },
  provider_silent: { status: 504, form: 'empty' },
  record_exists: { code: 'conflict' },
  record_not_found: { code: 'not_found' },
  route_not_found: { form: 'empty' },
  secret_empty: { code: 'not_found' },
  secret_not_text: { status: 406, code: 'not_acceptable' },
  request_malformed: { status: 400, code: 'bad_request' },
  content_unprocessable: { code: 'unprocessable_entity' },
  token_expired: { code: 'unauthorized' },
  data_key_mismatch: { code: 'data_key_invalid' },
  read_only: { code: 405 },
  policy_busy: { code: 'policy_conflict', headers: retrySometime },
  answer_too_late: { code: 'service_unavailable' },
  data_behind: { code: 'service_unavailable', headers: untouched },
  data_too_old: { code: 'service_unavailable', headers: untouched },
  node_not_serving: { code: 'service_unavailable', headers: untouched },
  writes_closed: { code: 'service_unavailable', headers: untouched },
};

/** What is not a Problem is a fault of ours: a 500 without a word. */
export function renderError(error: unknown): RenderedError {
  if (!isProblem(error)) return { status: 500, headers: {}, body: '' };
  if (error instanceof StatusRefused) return renderStatus(error);
  const shape = shapes[error.code] ?? {};
  const status = shape.status ?? statusOfKind[error.kind];
  const ofShape = typeof shape.headers === 'function' ? shape.headers() : shape.headers;
  const headers = ofShape ?? (status === 503 ? retrySoon : {});
  if (shape.form === 'v2') return inV2(status, headers, error.detail);
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

/** As `renderError`, in the shape of version 2: the status as a text, and a message; 401 and 403 mostly say nothing. */
export function renderErrorV2(error: unknown): RenderedError {
  const { status, headers, body } = renderError(error);
  if (!isProblem(error)) return { status, headers, body };
  const silent = body === '' || ((status === 401 || status === 403) && shapes[error.code]?.form !== 'v2');
  return inV2(status, headers, silent ? null : error.detail);
}

function inV2(status: number, headers: RenderedError['headers'], message: string | null): RenderedError {
  const body = message === null ? '' : JSON.stringify({ code: String(status), message });
  return { status, headers: { ...headers, 'content-type': v2MediaType }, body };
}

/** What is wrong with an authenticator, for those who may ask: the one 500 with a text. As Ruby shows an error. */
function renderStatus(refused: StatusRefused): RenderedError {
  const error = `#<${refused.errorName}: ${refused.detail}>`;
  return {
    status: statusOfStatus[refused.code] ?? 500,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ status: 'error', error }),
  };
}

const statusOfStatus: Readonly<Partial<Record<ProblemCode, number>>> = {
  authentication_forbidden: 403,
  authenticator_unsupported: 404,
  status_unsupported: 501,
};

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
  if (error instanceof AccountRefused) {
    const { code } = shapes[error.code] ?? {};
    return { target: 'account', details: { code, target: 'id', message: error.account } };
  }
  if (error instanceof RecordExists) {
    return { target: error.what, details: { code: 'conflict', target: 'id', message: error.recordId } };
  }
  if (error instanceof PolicyRefused && error.at !== null) {
    return {
      innererror: { code: error.code, filename: 'policy', line: error.at.line, column: error.at.column },
    };
  }
  return {};
}
