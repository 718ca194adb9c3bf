import { after, before, describe, it } from 'node:test';
import { describeError } from '../../src/core/problem.ts';
import { Names } from './names.ts';
import type { Case, CaseFile, Step } from './read-cases.ts';
import { runStep, type Session, type StepOutcome } from './run-step.ts';
import type { Target } from './target.ts';

/** A case that reached a route: what `docs/compatibility.md` is made of. */
export interface Hit {
  readonly route: string;
  readonly file: string;
  readonly name: string;
  readonly source: string;
}

/** What a run gathers beside its verdicts. */
export interface Gathered {
  readonly hits: Hit[];
  readonly secrets: Set<string>;
}

/** Declares the tests of a file. Call it inside a suite; the target is asked for when the first test runs. */
export function testFile(file: CaseFile, target: () => Target, gathered: Gathered): void {
  describe(`${file.file}: ${file.topic}`, () => {
    let session: Session;
    before(async () => {
      session = await openSession(file, target());
    });
    after(() => {
      for (const secret of session.names.secrets) gathered.secrets.add(secret);
    });
    for (const one of file.cases) {
      it(one.name, async (test) => {
        const faults = await runCase(session, file, one, gathered);
        if (one.pending === null) {
          if (faults.length > 0) throw new Error(`${faults.join('\n')}\nsource: ${one.source}`);
        } else if (faults.length === 0) {
          throw new Error('passes now: take the mark "pending" away');
        } else {
          test.todo(one.pending);
        }
      });
    }
  });
}

/** Makes the account of a file, and takes the steps that come before its cases. @throws Error when one of them fails */
export async function openSession(file: CaseFile, target: Target): Promise<Session> {
  const account = file.file.replaceAll(/[^a-z0-9]/g, '');
  const adminKey = await target.makeAccount(account);
  const names = new Names({ account });
  names.keep('key:admin', adminKey);
  const session: Session = { target, settings: file.settings, names, tokens: new Map() };
  if (file.policy !== null) {
    await requireStep(session, {
      send: `POST /policies/${account}/policy/root`,
      as: 'admin',
      body: file.policy,
      expect: 201,
    });
  }
  for (const step of file.setup) await requireStep(session, step);
  return session;
}

async function requireStep(session: Session, step: Step): Promise<void> {
  const { faults } = await runStep(session, step);
  if (faults.length > 0) throw new Error(faults.join('\n'));
}

/** All that is wrong; a case ends with its first step that fails. */
export async function runCase(
  session: Session,
  { file }: CaseFile,
  one: Case,
  { hits }: Gathered,
): Promise<readonly string[]> {
  for (const step of one.steps) {
    const { faults, route } = await attempt(session, step);
    const named = step.expect !== undefined && route !== null && one.pending === null;
    if (named && !hits.some((hit) => hit.route === route && hit.file === file && hit.name === one.name)) {
      hits.push({ route, file, name: one.name, source: one.source });
    }
    if (faults.length > 0) return faults;
  }
  return [];
}

/** A step that cannot even be sent (a name that an earlier case did not keep) is a fault like any other. */
async function attempt(session: Session, step: Step): Promise<StepOutcome> {
  try {
    return await runStep(session, step);
  } catch (error) {
    return { faults: [describeError(error)], route: null };
  }
}
