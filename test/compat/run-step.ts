import { differences } from './expectation.ts';
import type { Names } from './names.ts';
import type { Expectation, Step } from './read-cases.ts';
import type { Incoming, Outgoing, Target } from './target.ts';
import type { ApiSettings } from '../../src/core/api-settings.ts';

/** What the steps of one file share. */
export interface Session {
  readonly target: Target;
  readonly settings: Partial<ApiSettings>;
  readonly names: Names;
  /** Access tokens (JSON) by login. */
  readonly tokens: Map<string, string>;
}

/** What became of a step: the differences found, and the route that answered. */
export interface StepOutcome {
  readonly faults: readonly string[];
  readonly route: string | null;
}

const success: Expectation = { status: '2xx' };

/** Sends the request of a step and compares the answer. */
export async function runStep(session: Session, step: Step): Promise<StepOutcome> {
  const outgoing = await requestOf(session, step);
  const answer = await session.target.send(outgoing, session.settings);
  noteSecrets(session.names, outgoing, answer);
  const expect = typeof step.expect === 'number' ? { status: step.expect } : (step.expect ?? success);
  const faults = judge(session.names, expect, answer);
  const said =
    answer.body.length > 0 && faults.length > 0
      ? [`the answer was ${answer.body.toString().slice(0, 500)}`]
      : [];
  return {
    faults: [...faults, ...said].map((fault) => `${outgoing.method} ${outgoing.path}: ${fault}`),
    route: answer.route,
  };
}

async function requestOf(session: Session, step: Step): Promise<Outgoing> {
  const { names } = session;
  const [method = '', path = ''] = names.fillText(step.send).split(' ');
  const { type, body } = bodyOf(names, step);
  const given = Object.entries(step.headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    names.fillText(value),
  ]);
  return {
    method,
    path,
    headers: {
      ...(type === null ? {} : { 'content-type': type }),
      ...(await authorizationOf(session, step)),
      ...Object.fromEntries(given),
    },
    body,
  };
}

async function authorizationOf(session: Session, step: Step): Promise<Readonly<Record<string, string>>> {
  const { names } = session;
  if (step.basic !== undefined) {
    const pair = step.basic.map((part) => names.fillText(part)).join(':');
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  }
  const token = step.as === undefined ? step.token : await tokenOf(session, names.fillText(step.as));
  if (token === undefined) return {};
  const json = names.fillText(token);
  return { authorization: `Token token="${Buffer.from(json).toString('base64')}"` };
}

async function tokenOf(session: Session, login: string): Promise<string> {
  const known = session.tokens.get(login);
  if (known !== undefined) return known;
  const { names } = session;
  const path = `/authn/${names.value('account')}/${encodeURIComponent(login)}/authenticate`;
  const body = Buffer.from(names.value(`key:${login}`));
  const answer = await session.target.send({ method: 'POST', path, headers: {}, body }, session.settings);
  if (answer.status !== 200) throw new Error(`${login} cannot authenticate: ${answer.status}`);
  const token = answer.body.toString();
  noteToken(names, token);
  session.tokens.set(login, token);
  return token;
}

function bodyOf(names: Names, step: Step): { readonly type: string | null; readonly body: Buffer | null } {
  if (step.body !== undefined) return { type: null, body: Buffer.from(names.fillText(step.body)) };
  if (step.base64 !== undefined) return { type: null, body: Buffer.from(step.base64, 'base64') };
  if (step.json !== undefined) {
    return { type: 'application/json', body: Buffer.from(JSON.stringify(names.fill(step.json))) };
  }
  if (step.form === undefined) return { type: null, body: null };
  const pairs = Array.isArray(step.form) ? step.form : Object.entries(step.form);
  const filled = pairs.map(
    ([name, value]) => [names.fillText(String(name)), names.fillText(String(value))] as [string, string],
  );
  return {
    type: 'application/x-www-form-urlencoded',
    body: Buffer.from(new URLSearchParams(filled).toString()),
  };
}

function judge(names: Names, expected: Expectation, answer: Incoming): readonly string[] {
  const keep = (name: string, value: string): void => names.keep(name, value);
  const isSuccess = answer.status >= 200 && answer.status < 300;
  const statusFaults =
    expected.status === '2xx'
      ? isSuccess
        ? []
        : [`status: expected a success, but is ${answer.status}`]
      : expected.status === undefined
        ? []
        : differences(expected.status, answer.status, 'status', keep);
  const text = answer.body.toString();
  return [
    ...(answer.status >= 500 && expected.status !== answer.status
      ? [`status: ${answer.status} is a fault of the server`]
      : []),
    ...statusFaults,
    ...Object.entries(expected.headers ?? {}).flatMap(([name, value]) =>
      differences(names.fill(value), answer.headers[name.toLowerCase()], `header ${name}`, keep),
    ),
    ...(expected.body === undefined ? [] : differences(names.fill(expected.body), text, 'body', keep)),
    ...(expected.base64 === undefined
      ? []
      : differences(expected.base64, answer.body.toString('base64'), 'body', keep)),
    ...(expected.json === undefined
      ? []
      : differences(names.fill(expected.json), parsed(text), 'json', keep)),
  ];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return `no JSON: ${text}`;
  }
}

/** Keys and tokens that an answer gives away: they are names from now on, and are looked for after the run. */
function noteSecrets(names: Names, { method, path }: Outgoing, { status, body }: Incoming): void {
  if (status < 200 || status > 299 || method === 'HEAD') return;
  const text = body.toString();
  if (/\/authenticate(\?|$)/.test(path)) noteToken(names, text);
  if (/\/(login|api_key)(\?|$)/.test(path) && !text.startsWith('{')) names.noteSecret(text);
  if (/^\/(policies|host_fact|accounts)/.test(path)) noteKeys(names, parsed(text));
}

function noteToken(names: Names, text: string): void {
  const json = text.startsWith('{') ? text : Buffer.from(text, 'base64').toString();
  const signature = /"signature":"([^"]+)"/.exec(json)?.[1];
  if (signature !== undefined) names.noteSecret(signature);
}

function noteKeys(names: Names, value: unknown): void {
  if (Array.isArray(value)) return value.forEach((entry) => noteKeys(names, entry));
  if (typeof value !== 'object' || value === null) return;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const { id, api_key: key, token } = fields;
  if (typeof token === 'string') names.noteSecret(token);
  if (typeof id === 'string' && typeof key === 'string' && key !== '') {
    const [, kind, ...identifier] = id.split(':');
    const login = kind === 'user' ? identifier.join(':') : `${kind}/${identifier.join(':')}`;
    names.keep(`key:${login}`, key);
  }
  Object.values(fields).forEach((entry) => noteKeys(names, entry));
}
