import { plain } from '../http/route-about.ts';
import { writeAs } from '../http/write-as.ts';
import { kindOf } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { storePasswordHash } from '../../store/credentials.ts';
import { emptyAnswer } from '../answers/answer.ts';
import { forbidden } from '../answers/refusals.ts';
import { auditRecord } from '../audit/record.ts';
import { bodyBytes } from '../http/parameters.ts';
import type { Route } from '../http/route.ts';
import { claimedRole } from './api-key.ts';
import { requireBasic } from './basic.ts';

/** Length, then how many letters of each class at least. */
const rules = [/^.{12,128}$/u, /\p{Lu}.*\p{Lu}/u, /\p{Ll}.*\p{Ll}/u, /\d/, /[^\p{L}\d\s]/u] as const;
const rulesInWords =
  'CONJ00046E The password you have chosen does not meet the complexity requirements. Choose a password that includes: ' +
  '12-128 characters, 2 uppercase letters, 2 lowercase letters, 1 digit, 1 special character';

/** `PUT /authn/:account/password`: a user changes its password, proved by the old one or the API key. The API key stays. */
export const changePassword: Route = {
  method: 'PUT',
  url: '/authn/:account/password',
  effect: 'write',
  token: 'none',
  about: {
    summary: 'Changes the password of a user, by Basic authentication with the old one or the API key.',
    group: 'Authentication',
    basic: true,
    body: plain('The new password, as it is.'),
    answers: {
      204: 'Changed; the API key stays.',
      401: 'Login or secret is wrong.',
      422: 'The password is too weak.',
    },
  },
  handle: async (call) => {
    const { store, passwords } = call.context;
    const caller = await requireBasic(call);
    const { roleId } = caller;
    if (kindOf(roleId) !== 'user') throw forbidden();
    const password = bodyBytes(call.request);
    const text = password.toString();
    if (!rules.every((rule) => rule.test(text)))
      throw new Problem('validation_failed', `password ${rulesInWords}`);
    const hash = await passwords.hash(password);
    await writeAs(call.context, caller, (sql) => storePasswordHash(sql, store.dataKey, roleId, hash));
    return emptyAnswer(204);
  },
  audit: (call, failure) => {
    const user = claimedRole(call);
    return [
      auditRecord(call, {
        msgid: 'password',
        operation: 'change',
        user,
        subject: { role: user },
        failure,
        sentence: `${user} successfully changed their password`,
        attempt: `${user} failed to change their password`,
      }),
    ];
  },
};
