import { json, objectOf, anyText } from '../http/route-about.ts';
import { jsonAnswer } from '../answers/answer.ts';
import { auditRecord } from '../audit/record.ts';
import type { Route } from '../http/route.ts';

/**
 * The Conjur version whose API this is. Clients choose their calls by it: from 1.24.0 on they use routes that only a later
 * server has.
 */
export const apiVersion = '1.23.0';

/** `GET /`: a page for people, JSON for clients, both with the version. */
export const rootRoute: Route = {
  method: 'GET',
  url: '/',
  token: 'none',
  about: {
    summary: 'The version of the API: JSON when Accept names it, else a page.',
    group: 'Node',
    answers: {
      200: {
        about: 'The version.',
        content: { 'application/json': objectOf({ version: anyText }), 'text/html': anyText },
      },
    },
  },
  handle: async ({ request }) => {
    if ((request.headers.accept ?? '').includes('json')) return jsonAnswer({ version: apiVersion });
    return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: page };
  },
};

const page = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Holdfast</title></head>
<body>
<h1>Holdfast</h1>
<p>This node answers the Conjur REST API.</p>
<dl><dt>API</dt><dd>Version ${apiVersion}</dd></dl>
</body>
</html>
`;

/** `GET /whoami`: who the token says the caller is. */
export const whoami: Route = {
  method: 'GET',
  url: '/whoami',
  token: 'required',
  about: {
    summary: 'Who the token says the caller is.',
    group: 'Authentication',
    answers: {
      200: json(
        'The caller.',
        objectOf({
          client_ip: anyText,
          user_agent: anyText,
          account: anyText,
          username: anyText,
          token_issued_at: anyText,
        }),
      ),
    },
  },
  handle: async ({ address, request, caller }) =>
    jsonAnswer({
      client_ip: address,
      user_agent: request.headers['user-agent'] ?? null,
      account: caller.account,
      username: caller.login,
      token_issued_at: new Date(caller.issuedAt * 1000).toISOString().replace('Z', '+00:00'),
    }),
  audit: (call, failure) => [
    auditRecord(call, {
      msgid: 'identity-check',
      operation: 'check',
      user: call.caller.roleId,
      subject: { role: call.caller.roleId },
      failure,
      sentence: `${call.caller.roleId} checked its identity using whoami`,
      attempt: `${call.caller.roleId} failed to check its identity using whoami`,
      identityCheck: true,
    }),
  ],
};
