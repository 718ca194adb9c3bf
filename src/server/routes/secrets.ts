import { anyText, anyNumber, type ParameterAbout } from '../http/route-about.ts';
import { writeAs } from '../http/write-as.ts';
import { type FullId, kindOf } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { clearExpirations, writeSecret } from '../../store/secrets.ts';
import { emptyAnswer } from '../answers/answer.ts';
import { forbidden, secretEmpty } from '../answers/refusals.ts';
import { auditRecord } from '../audit/record.ts';
import { bodyBytes, hasQuery, idOfPath, queryText } from '../http/parameters.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { dynamicRefusal, isDynamicHere, staticFault } from './issuers/dynamic-secret.ts';
import { requireAccess } from './require-access.ts';

const hasValue = (kind: string): boolean => kind === 'variable' || kind === 'public_key';
const newestVersion = 2 ** 31 - 1;
const kindAbout: ParameterAbout = { about: 'What has values.', schema: { enum: ['variable', 'public_key'] } };

/** `GET /secrets/:account/variable/:id[?version=n]`: the raw value. */
export const showSecret: Route = {
  method: 'GET',
  url: '/secrets/:account/:kind/*',
  token: 'required',
  about: {
    summary: 'The value of a variable.',
    group: 'Secrets',
    parts: { kind: kindAbout },
    query: {
      version: { about: 'Another version than the newest; the last twenty are kept.', schema: anyNumber },
    },
    answers: {
      200: {
        about: 'The value as it is; its type is the annotation `conjur/mime_type`.',
        content: { 'application/octet-stream': anyText },
      },
      403: 'The caller sees the variable, but has not `execute` on it.',
      404: 'There is no such variable or version, it has no value, or the caller must not know of it.',
      422: '`version` is no number, or the value comes from an issuer and no engine is configured.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    const resourceId = idOfPath(call.request, hasValue);
    const version = versionParameter(call);
    const secret = await call.context.store.secrets.read(call.caller, resourceId, version);
    if (!secret.callerExists) throw forbidden();
    if (!secret.visible) throw secretEmpty(resourceId);
    if (!secret.allowed) throw forbidden();
    if (isDynamicHere(call, resourceId)) throw await dynamicRefusal(call, resourceId);
    if (secret.value === null) throw secretEmpty(resourceId);
    const headers = { 'content-type': contentTypeOf(secret.mimeType) };
    return { status: 200, headers, body: secret.value };
  },
  audit: (call, failure) => [secretRecord(call, 'fetch', idOfPath(call.request, hasValue), failure)],
};

/** `POST /secrets/:account/variable/:id`: a new version; `?expirations` takes the expiration from all versions instead. */
export const storeSecret: Route = {
  method: 'POST',
  url: '/secrets/:account/:kind/*',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'A new version of a variable.',
    group: 'Secrets',
    parts: { kind: kindAbout },
    query: { expirations: { about: 'Instead: takes the expiration from all its versions.' } },
    body: {
      about: 'The value as it is, whatever its type says.',
      content: { 'application/octet-stream': anyText },
    },
    answers: {
      201: 'Stored; the value of the newest version again makes no new one.',
      403: 'The caller sees the variable, but has not `update` on it.',
      404: 'There is no such variable, or the caller must not know of it.',
      405: 'The value of the variable comes from an issuer.',
      413: 'The value is larger than 1 MiB.',
      422: 'The value is empty.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    const { store } = call.context;
    const resourceId = idOfPath(call.request, hasValue);
    const expire = hasQuery(call.request, 'expirations');
    if (expire && kindOf(resourceId) !== 'variable') {
      throw new Problem('content_unprocessable', 'Only variables have expirations.');
    }
    const value = bodyBytes(call.request);
    const fault = expire ? null : (staticFault(call, resourceId) ?? valueFault(resourceId, value));
    const written =
      !expire && fault === null && (await store.secretWrites.store(call.caller, resourceId, value));
    if (written) return emptyAnswer(201);
    await writeAs(call.context, call.caller, async (sql) => {
      await requireAccess(sql, call.caller.roleId, 'update', resourceId);
      if (expire) return clearExpirations(sql, resourceId);
      if (fault !== null) throw fault;
      return writeSecret(sql, store.dataKey, resourceId, value);
    });
    return emptyAnswer(201);
  },
  audit: (call, failure) => [secretRecord(call, 'update', idOfPath(call.request, hasValue), failure)],
};

/** The record of one value that was read or written. */
export function secretRecord(
  call: CallerCall,
  operation: 'fetch' | 'update',
  resourceId: FullId,
  failure: unknown,
): ReturnType<typeof auditRecord> {
  const version = queryText(call.request, 'version');
  return auditRecord(call, {
    msgid: operation,
    operation,
    user: call.caller.roleId,
    subject: version === null ? { resource: resourceId } : { resource: resourceId, version },
    failure,
    ...secretSentences(call, operation, resourceId),
  });
}

function secretSentences(
  call: CallerCall,
  operation: 'fetch' | 'update',
  resourceId: FullId,
): { readonly sentence: string; readonly attempt: string } {
  const user = call.caller.roleId;
  const version = queryText(call.request, 'version');
  const what = version === null ? resourceId : `version ${version} of ${resourceId}`;
  return {
    sentence: `${user} ${operation === 'fetch' ? 'fetched' : 'updated'} ${what}`,
    attempt: `${user} tried to ${operation} ${what}`,
  };
}

/** An annotation may hold anything; a header field may not (RFC 9110, 5.5). */
function contentTypeOf(mimeType: string | null): string {
  return mimeType !== null && /^[\t -~]+$/.test(mimeType) ? mimeType : 'application/octet-stream';
}

function versionParameter(call: CallerCall): number | null {
  const text = queryText(call.request, 'version');
  if (text === null) return null;
  if (!/^-?\d{1,10}$/.test(text))
    throw new Problem('argument_invalid', "invalid type for parameter 'version'");
  return Math.max(0, Math.min(Number(text), newestVersion));
}

/** Why a value cannot be stored; null when it can. */
function valueFault(resourceId: FullId, value: Buffer): Problem | null {
  if (isBlank(value)) return new Problem('argument_invalid', "'value' may not be empty");
  if (kindOf(resourceId) !== 'public_key') return null;
  // Trimmed first: a pattern with blanks before its end looks again and again at a megabyte of them.
  if (/^[\w@.-]+ [A-Za-z0-9+/=]+( .*)?$/.test(value.toString('latin1').trimEnd())) return null;
  return new Problem('content_unprocessable', 'Invalid public key format: it must be "type base64 name".');
}

/** Nothing but blanks, as ASCII has them. */
function isBlank(value: Buffer): boolean {
  return value.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0);
}
