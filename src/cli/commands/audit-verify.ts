import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { CheckedTrail, TrailToCheck } from '../../core/audit/check-trail.ts';
import { Problem } from '../../core/problem.ts';
import { addDir, path } from '../arguments/node-arguments.ts';
import { withMaster } from '../connection/with-master.ts';
import type { CliContext } from '../context.ts';
import { renderVerdict } from '../render/audit-verdict.ts';
import { jsonText } from '../render/json-text.ts';

interface VerifyArguments {
  readonly dir: string;
  readonly file?: string;
  readonly ca?: string;
  readonly json?: true;
}

const timeoutMs = 60_000;

const examples = `
On a node it reads the whole trail from the master. With --file it needs no cluster: whoever has an export and the cluster's
certificate authority (tls/ca.crt of any node) can check it anywhere. It ends with 1 when something is wrong.

What it cannot see: records at the end of a chain that were taken away before any node had signed for them (at most a minute's),
and a whole trail that somebody wrote anew who has the keys of all its nodes.

Examples:
  holdfast audit verify
  holdfast audit verify --file trail.jsonl --ca ca.crt`;

/** `holdfast audit verify` */
export function addAuditVerify(group: Command, context: CliContext): void {
  const command = group
    .command('verify')
    .summary('look for records that were changed, taken away or put in')
    .description(
      "Goes through the trail and holds each record to its chain, and the chains to the nodes' signatures.",
    )
    .option('--file <file>', 'an export, instead of the trail of the cluster', path('--file'))
    .option('--ca <file>', "the cluster's certificate authority (tls/ca.crt of --dir)", path('--ca'))
    .option('--json', 'as JSON, with each fault');
  addDir(command, context)
    .addHelpText('after', examples)
    .action((given: VerifyArguments) => runVerify(given, context));
}

async function runVerify(given: VerifyArguments, context: CliContext): Promise<void> {
  const authority = await readAuthority(given);
  const verdict = await (given.file === undefined
    ? checkCluster(given.dir, authority)
    : checkFile(given.file, authority));
  context.answer(given.json ? jsonText(verdict) : renderVerdict(verdict, context.style));
  if (verdict.faults.length > 0) process.exitCode = 1;
}

async function readAuthority({ ca, dir }: VerifyArguments): Promise<string> {
  const file = ca ?? join(dir, 'tls', 'ca.crt');
  return readFile(file, 'utf8').catch((error: unknown) => {
    const name = ca === undefined ? '--dir' : '--ca';
    throw new Problem(
      'usage',
      `${name}: ${file} cannot be read; name the cluster's certificate authority with --ca.`,
      { cause: error },
    );
  });
}

async function checkCluster(dir: string, authority: string): Promise<CheckedTrail> {
  const [{ exportTrail }, { readTrailChains }] = await Promise.all([
    import('../../client/export-trail.ts'),
    import('../../client/trail.ts'),
  ]);
  const always = { since: null, until: null };
  return withMaster(dir, timeoutMs, async (door) => {
    const trail = await exportTrail(door, { ...always, begin: 'verify' });
    const chainsAfter = async (): Promise<TrailToCheck['chains']> =>
      (await readTrailChains(door, { ...always, begin: null })).chains;
    return check({ ...trail, chainsAfter }, authority);
  });
}

async function checkFile(file: string, authority: string): Promise<CheckedTrail> {
  const { openTrailFile } = await import('../connection/trail-file.ts');
  return check(await openTrailFile(file), authority);
}

async function check(trail: TrailToCheck, authority: string): Promise<CheckedTrail> {
  const [{ hash }, { checkTrail }, { signerOf }, { readCertificate }] = await Promise.all([
    import('node:crypto'),
    import('../../core/audit/check-trail.ts'),
    import('../../identity/audit-signature.ts'),
    import('../../identity/certificate.ts'),
  ]);
  const ca = readCertificate(authority);
  return checkTrail(trail, {
    digest: (text) => hash('sha256', text, 'hex'),
    judge: (place, signature) => signerOf(place, signature, ca),
  });
}
