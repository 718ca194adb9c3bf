import { plain } from '../http/route-about.ts';
import { textAnswer } from '../answers/answer.ts';
import { accountOfPath } from '../http/parameters.ts';
import type { Route } from '../http/route.ts';
import { authenticatingRole, authenticationRecord, credentialsInvalid } from './authenticate.ts';
import { basicHeader, requireBasic } from './basic.ts';

/** `GET /authn/:account/login`: a password, or the API key itself, for the API key. */
export const login: Route = {
  method: 'GET',
  url: '/authn/:account/login',
  token: 'none',
  about: {
    summary: 'An API key for a login and its password (or the key itself), by Basic authentication.',
    group: 'Authentication',
    basic: true,
    answers: { 200: plain('The API key.'), 401: 'Login or secret is wrong, whichever it is.' },
  },
  handle: async (call) => {
    const { credentials } = await requireBasic(call);
    if (credentials.apiKey === null) throw credentialsInvalid();
    return textAnswer(credentials.apiKey.reveal());
  },
  audit: (call, failure) => {
    const name = basicHeader(call)?.login ?? 'not-found';
    const roleId = authenticatingRole(accountOfPath(call.request), name);
    return [authenticationRecord(call, 'login', roleId, failure)];
  },
};
