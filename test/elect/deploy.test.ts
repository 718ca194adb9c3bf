import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand, runCommandOk } from '../../src/runtime/run-command.ts';
import { settingNames, rowOf } from '../../src/elector/settings/table.ts';
import { consulProgram } from '../../src/elector/testing/consul-program.ts';
import { readContainerfile } from './containerfile.ts';
import { buildImageTree } from './image-tree.ts';
import { blockAt, readHcl, unknownNames } from './nomad-file.ts';

const project = join(import.meta.dirname, '../..');
const deploy = join(project, 'deploy/elect');
const nomadFile = join(deploy, 'holdfast-elect.nomad.hcl');
const unitFile = join(deploy, 'holdfast-elect@.service');
const containerfile = readFileSync(join(deploy, 'Containerfile'), 'utf8');

async function scratch(): Promise<{ readonly dir: string } & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), 'hf-deploy-'));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

test('the image runs as a user of its own, gets signals itself, and names the version of what it stands on', () => {
  const stages = readContainerfile(containerfile);
  const last = stages.at(-1)?.instructions ?? [];
  const user = last.findLast(({ name }) => name === 'USER');
  assert.notEqual(user?.words[0] ?? 'root', 'root');
  const entry = last.find(({ name }) => name === 'ENTRYPOINT');
  assert.ok(entry?.isJson, 'a shell between would keep SIGTERM to itself');
  for (const { base } of stages) assert.match(base, /^[a-z/]+:\d+[\w.-]*$/u);
});

test('the steps of the Containerfile build what the image starts, and that needs nothing else', async () => {
  await using place = await scratch();
  const { root, command } = await buildImageTree(readContainerfile(containerfile), project, place.dir);
  const { stdout } = await runCommandOk([...command, '--help'], { timeoutMs: 20_000, cwd: root });
  assert.match(stdout, /--service-name/u);
  const settings = join(place.dir, 'wrong.yaml');
  await writeFile(settings, 'serviceName: db\nnothingLikeThis: 1\n');
  const refused = await runCommand([...command, '--config', settings], { timeoutMs: 20_000, cwd: root });
  assert.match(refused.stderr, /nothingLikeThis/u, 'yaml is among what the image has');
});

test("the Nomad job is HCL by HashiCorp's own parser, which Consul has", async () => {
  await using place = await scratch();
  const validate = (file: string) =>
    runCommand([consulProgram(), 'validate', '-config-format=hcl', file], { timeoutMs: 20_000 });
  const ours = await validate(nomadFile);
  assert.match(ours.stdout + ours.stderr, /1 error occurred:\s*\* invalid config key job\s*$/u);
  const broken = join(place.dir, 'broken.hcl');
  await writeFile(broken, readFileSync(nomadFile, 'utf8').replace('count = 3', 'count = = 3'));
  const refusal = await validate(broken);
  assert.match(refusal.stdout + refusal.stderr, /Unknown token/u);
});

test('the Nomad job says only what the job specification and the sidecar know', () => {
  const job = readHcl(readFileSync(nomadFile, 'utf8'));
  assert.deepEqual(unknownNames(job), []);
  const { values } = blockAt(job, 'job/group/task:elect/env');
  const variables = settingNames.map((name) => rowOf(name).env);
  assert.deepEqual(
    Object.keys(values).filter((name) => !variables.includes(name)),
    [],
  );
  const service = blockAt(job, 'job/group/service');
  assert.equal(service.values['enable_tag_override'], 'true');
  assert.equal(service.values['name'], values['CONSUL_LEADER_SERVICE_NAME']);
});

const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;

test('systemd finds nothing wrong with the unit', { skip: analyze ? false : 'no systemd here' }, async () => {
  await using place = await scratch();
  const unit = join(place.dir, 'holdfast-elect@db.service');
  const text = readFileSync(unitFile, 'utf8');
  // Where it is tested it is not installed; everything else is as it will be.
  await writeFile(unit, text.replace('/usr/bin/holdfast-elect', process.execPath));
  const verdict = await runCommand(['systemd-analyze', 'verify', unit], { timeoutMs: 30_000 });
  assert.deepEqual([verdict.code, verdict.stderr], [0, '']);
  await writeFile(unit, text.replace('RestartSec', 'RestartSek'));
  const refusal = await runCommand(['systemd-analyze', 'verify', unit], { timeoutMs: 30_000 });
  assert.match(refusal.stderr, /RestartSek/u);
});

test('the program that the unit starts is the one that the package brings', () => {
  const { bin } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  const [, program = ''] = /^ExecStart=\/usr\/bin\/(\S+)$/mu.exec(readFileSync(unitFile, 'utf8')) ?? [];
  assert.equal(bin[program], 'dist/elector/main.js');
  assert.ok(existsSync(join(project, 'src/elector/main.ts')));
});
