import { accountsAccount } from '../../core/account-name.ts';
import { fullId } from '../../core/ids.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { createAccount, deleteAccount, listAccounts } from '../../store/accounts.ts';
import { callerExists } from '../../store/access.ts';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { emptyAnswer, jsonAnswer } from '../answers/answer.ts';
import { AccountRefused, forbidden } from '../answers/refusals.ts';
import { auditRecord } from '../audit/record.ts';
import { bodyFields, textField } from '../http/body-fields.ts';
import { operatorNode } from '../http/operator-node.ts';
import { pathPart } from '../http/parameters.ts';
import { anyText, fields, json, listOf, objectOf } from '../http/route-about.ts';
import type { MaybeCallerCall, Route } from '../http/route.ts';
import { accountTransaction, requireClaim, requireMayName, requireRight } from './account-rights.ts';

/** Ten references are followed for each row: 50,000 variables take some 20 s on two slow cores. */
const deletionWaitMs = 300_000;

/** `GET /accounts`: the names of all accounts. */
const list: Route = {
  method: 'GET',
  url: '/accounts',
  token: 'optional',
  about: {
    summary: 'The names of all accounts. Needs `read` on `!:webservice:accounts`.',
    group: 'Accounts',
    answers: { 200: json('The names.', listOf(anyText)), 403: 'Not permitted.' },
  },
  handle: (call) => {
    requireClaim(call);
    return call.context.store.reads.run(async (sql) => {
      if (call.caller !== null && !(await callerExists(sql, call.caller))) throw forbidden();
      await requireRight(sql, call, 'read');
      return jsonAnswer(await listAccounts(sql));
    });
  },
  audit: (call, failure) => records(call, 'list', null, failure),
};

/** `POST /accounts`: a new account, and the API key of its user `admin`. */
const create: Route = {
  method: 'POST',
  url: '/accounts',
  effect: 'write',
  token: 'optional',
  about: {
    summary: 'Makes an account with a user `admin`. Needs `execute` on `!:webservice:accounts`.',
    group: 'Accounts',
    body: fields('The name.', objectOf({ id: anyText })),
    answers: {
      201: json('The account, and the API key of its admin.', objectOf({ id: anyText, api_key: anyText })),
      403: 'Not permitted.',
      409: 'There is such an account.',
      422: 'The name holds a space, a colon, a slash or "!".',
    },
  },
  handle: async (call) => {
    const { dataKey } = call.context.store;
    const { adminApiKey, id } = await accountTransaction(call, async (sql) => {
      await requireRight(sql, call, 'execute');
      const name = nameOfBody(call);
      requireMayName(call, name);
      return { id: name, ...(await createdAccount(sql, dataKey, name)) };
    });
    return jsonAnswer({ id, api_key: adminApiKey.reveal() }, 201);
  },
  audit: (call, failure) => records(call, 'create', claimedName(call), failure),
};

/** `DELETE /accounts/:id`: the account, and everything in it. */
const remove: Route = {
  method: 'DELETE',
  url: '/accounts/:id',
  effect: 'write',
  token: 'optional',
  about: {
    summary: 'Deletes an account with everything in it. Needs `update` on `!:webservice:accounts`.',
    group: 'Accounts',
    answers: {
      204: 'It is gone, and so are its tokens.',
      403: 'Not permitted.',
      404: 'There is no such account.',
      409: 'Something of another account depends on it.',
    },
  },
  handle: async (call) => {
    const name = pathPart(call.request, 'id');
    await accountTransaction(
      call,
      async (sql) => {
        await requireRight(sql, call, 'update');
        requireMayName(call, name);
        const deletion = await deleteAccount(sql, name);
        if (deletion.outcome === 'unknown') throw unknownAccount(name);
        if (deletion.outcome === 'held') {
          throw new AccountRefused(
            'account_in_use',
            name,
            `${deletion.by} depends on the account ${JSON.stringify(name)}`,
          );
        }
      },
      deletionWaitMs,
    );
    return emptyAnswer(204);
  },
  audit: (call, failure) => records(call, 'delete', pathPart(call.request, 'id'), failure),
};

export const accountRoutes: readonly Route[] = [list, create, remove];

async function createdAccount(...given: Parameters<typeof createAccount>): ReturnType<typeof createAccount> {
  try {
    return await createAccount(...given);
  } catch (error) {
    const [, , name] = given;
    throw isProblem(error, 'account_exists')
      ? new AccountRefused('account_exists', name, error.detail)
      : error;
  }
}

function unknownAccount(name: string): Problem {
  return new AccountRefused('account_unknown', name, `account ${JSON.stringify(name)} not found`);
}

function nameOfBody(call: MaybeCallerCall): string {
  const name = textField(bodyFields(call.request), 'id');
  if (name === null) throw new Problem('argument_invalid', 'id: the name of the account is missing');
  return name;
}

/** For the record of a request that may have been refused for its body. */
function claimedName(call: MaybeCallerCall): string | null {
  try {
    return nameOfBody(call);
  } catch {
    return null;
  }
}

/** Of whoever has a name: requests without a token are refused like those of any route, unrecorded. */
function records(
  call: MaybeCallerCall,
  operation: 'list' | 'create' | 'delete',
  name: string | null,
  failure: unknown,
): readonly AuditRecord[] {
  const node = call.caller === null ? operatorNode(call.request) : null;
  const user = call.caller?.roleId ?? (node === null ? null : fullId(accountsAccount, 'node', node));
  if (user === null) return [];
  const what = operation === 'list' ? 'the accounts' : `the account ${JSON.stringify(name ?? '')}`;
  const done = { list: 'listed', create: 'created', delete: 'deleted' }[operation];
  const record = auditRecord(call, {
    msgid: 'account',
    operation,
    user,
    subject: name === null ? {} : { account: name },
    failure,
    sentence: `${user} ${done} ${what}`,
    attempt: `${user} tried to ${operation} ${what}`,
  });
  return [record];
}
