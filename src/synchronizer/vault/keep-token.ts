import { isProblem } from '../../core/problem.ts';
import type { WebAnswer, WebRequest } from '../web/web-api.ts';
import { readTokenLife } from './vault-shapes.ts';

type Ask = (request: WebRequest, signal: AbortSignal) => Promise<WebAnswer>;

/**
 * Has a token that was given renewed when less than half of its life is left: nobody else would, and it would run out. Both calls are
 * permitted by the policy `default`. Where they are refused the token is used as it is: whether it is good at all, the first list tells.
 *
 * @param ask sends with that token
 * @throws Problem `interrupted`; `source_unanswered`: the same would come of all that is asked
 */
export async function keepToken(ask: Ask, signal: AbortSignal): Promise<void> {
  try {
    const lookUp = {
      attempt: 'look up the token',
      method: 'GET',
      path: '/v1/auth/token/lookup-self',
    } as const;
    const life = readTokenLife((await ask(lookUp, signal)).json);
    if (!life.isRenewable || life.leftSeconds * 2 >= life.wholeSeconds) return;
    const path = '/v1/auth/token/renew-self';
    await ask({ attempt: 'renew the token', method: 'POST', path, body: '{}' }, signal);
  } catch (error) {
    if (!isProblem(error) || error.code === 'interrupted' || error.code === 'source_unanswered') throw error;
  }
}
