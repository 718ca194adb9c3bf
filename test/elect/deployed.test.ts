import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { startSidecar } from '../../bench/elect/contender.ts';
import { awaitAnswer } from '../../src/elector/testing/consul-api.ts';
import { tokenWith } from '../../src/elector/testing/consul-acl.ts';
import { startConsul, type TestConsulCluster } from '../../src/elector/testing/consul.ts';
import { awaitPassingWithTag, passingWithTag } from '../../src/elector/testing/consul-view.ts';
import { registerNomadService, type TestService } from '../../src/elector/testing/nomad-service.ts';
import { elects } from './elects.ts';
import { blockAt, readHcl } from './nomad-file.ts';

const deploy = join(import.meta.dirname, '../../deploy/elect');
const policy = readFileSync(join(deploy, 'consul-policy.hcl'), 'utf8');
/** Its rules, one by one. */
const rules = policy.match(/^\w+ "[^"]*" \{[^}]*\}/gmu) ?? [];

suite('a Consul with ACLs', () => {
  let consul: TestConsulCluster;
  before(async () => {
    consul = await startConsul({ acl: true });
  });
  after(() => consul.stop());

  test('a sidecar with the example policy elects a leader, and sees when its task is sick', async () => {
    const { api, address } = consul.first;
    const token = await tokenWith(api, 'whole', policy);
    const service = await registerNomadService(api, { name: 'db' });
    const sidecar = startSidecar('ours', {
      CONSUL_HTTP_ADDR: address,
      CONSUL_HTTP_TOKEN: token,
      CONSUL_LEADER_SERVICE_NAME: 'db',
      NOMAD_ALLOC_ID: service.allocId,
    });
    try {
      await awaitPassingWithTag(api, 'db', 'primary', (ids) => ids.length === 1, 30_000);
      await service.fail();
      await awaitAnswer(api, 'health/service/db?tag=primary', isEmpty, 10_000);
    } finally {
      await sidecar.end('SIGTERM');
      await service.deregister();
    }
    assert.ok(!sidecar.output().includes(token), 'the token is not among what it says');
  });

  for (const [at, rule] of rules.entries()) {
    const [resource = ''] = rule.split(' ');
    test(`a sidecar without the rule ${rule.slice(0, rule.indexOf(' {'))} says what is missing`, async () => {
      const { api, address } = consul.first;
      const others = rules.filter((one) => one !== rule).join('\n');
      const token = await tokenWith(api, `without-${at}`, others);
      const service = await registerNomadService(api, { name: 'db' });
      const sidecar = startSidecar('ours', {
        CONSUL_HTTP_ADDR: address,
        CONSUL_HTTP_TOKEN: token,
        CONSUL_LEADER_SERVICE_NAME: 'db',
        NOMAD_ALLOC_ID: service.allocId,
      });
      try {
        await sidecar.says(new RegExp(resource.replace('_prefix', ''), 'u'), 20_000);
        assert.deepEqual(await passingWithTag(api, 'db', 'primary'), []);
      } finally {
        await sidecar.end('SIGKILL');
        await service.deregister();
      }
    });
  }
});

function isEmpty(entries: readonly unknown[] | null): boolean {
  return entries?.length === 0;
}

test('the environment of the example Nomad job elects a leader', async () => {
  const job = readHcl(readFileSync(join(deploy, 'holdfast-elect.nomad.hcl'), 'utf8'));
  const { values } = blockAt(job, 'job/group/task:elect/env');
  await electsInConsul(values['CONSUL_LEADER_SERVICE_NAME'] ?? '', ({ allocId }) => ({
    ...values,
    NOMAD_ALLOC_ID: allocId,
  }));
});

test('the variables that the unit asks for elect a leader, without Nomad', async () => {
  const unit = readFileSync(join(deploy, 'holdfast-elect@.service'), 'utf8');
  const asked = Object.fromEntries(
    Array.from(unit.matchAll(/^# {3}(CONSUL_LEADER_\w+)=(\S+)/gmu), ([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
  const { CONSUL_LEADER_SERVICE_NAME: name = '', CONSUL_LEADER_SERVICE_ID: example } = asked;
  assert.equal(example, `${name}-1`);
  await electsInConsul(name, ({ id }) => ({ ...asked, CONSUL_LEADER_SERVICE_ID: id }));
});

async function electsInConsul(
  name: string,
  envOf: (service: TestService) => Readonly<Record<string, string>>,
): Promise<void> {
  const consul = await startConsul();
  try {
    const { address } = consul.first;
    await elects(consul.first, name, (service) => ({ ...envOf(service), CONSUL_HTTP_ADDR: address }));
  } finally {
    await consul.stop();
  }
}
