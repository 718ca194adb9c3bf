import { Problem } from '../core/problem.ts';

/** Classes of SQLSTATE (PostgreSQL manual, appendix A) that say "not now": connection, resources, operator. */
const unavailableClasses: ReadonlySet<string> = new Set(['08', '53', '57', '58']);
const connectionErrors = /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|ENOENT|EPIPE|EACCES|ENOTSOCK|EAGAIN|ETIMEDOUT)/;

/** The SQLSTATE or system code of an error, '' where it has none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/**
 * What the store's door lets out: Problems. The cause keeps code and message only, since PostgreSQL's `detail` quotes
 * whole rows.
 */
export function translateStoreError(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = errorCode(error);
  const cause = new Error(`${code} ${error instanceof Error ? error.message : 'unknown'}`);
  if (code === '25006') {
    return new Problem('read_only', 'Write operations are not allowed', { cause });
  }
  if (code === '55P03' || code === '40P01') {
    return new Problem('server_busy', 'Another write holds the same rows; try again.', { cause });
  }
  if (code === '40001') {
    return new Problem('store_unavailable', 'Replication was in the way of this read; try again.', { cause });
  }
  if (code === '23503') {
    return new Problem('record_not_found', 'Something that this write needs was deleted meanwhile.', {
      cause,
    });
  }
  if (code === '22021' || code === '22P05') {
    const notText = 'A name or a text holds a NUL, or is no UTF-8: the database cannot store it.';
    return new Problem('content_unprocessable', notText, { cause });
  }
  if (code === '54000') {
    const tooLong = 'A name or a text is longer than the database can index: keep names under 2600 bytes.';
    return new Problem('content_unprocessable', tooLong, { cause });
  }
  if (code === '42703' || code === '42P01' || code === '42883') {
    const older =
      'The databases of this cluster come from an older version and are being brought up to date; try again.';
    return new Problem('store_unavailable', older, { cause });
  }
  if (isConnectionLoss(error) || unavailableClasses.has(code.slice(0, 2))) {
    return new Problem('store_unavailable', 'The database of this node does not answer; try again.', {
      cause,
    });
  }
  return new Problem('store_rejected', `The database refused a statement (${code}).`, { cause });
}

/** Whether the connection broke, so that what was sent may or may not have been done. */
export function isConnectionLoss(error: unknown): boolean {
  return connectionErrors.test(errorCode(error));
}
