import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { readSessions } from '../testing/consul-view.ts';
import { startConsul, type TestConsulCluster } from '../testing/consul.ts';
import { registerNomadService, type TestService } from '../testing/nomad-service.ts';
import { type SidecarProcess, startSidecar } from '../testing/sidecar-process.ts';

describe('two elections that find one service entry', { timeout: 60_000 }, () => {
  let consul: TestConsulCluster;
  let dir: string;
  let service: TestService;
  let count = 0;
  const sidecars: SidecarProcess[] = [];

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'hf-shared-'));
    consul = await startConsul();
  });
  afterEach(async () => {
    await Promise.all(sidecars.splice(0).map((each) => each.kill()));
  });
  after(async () => {
    await consul.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function register(): Promise<TestService> {
    count += 1;
    const port = 7000 + count;
    return registerNomadService(consul.first.api, { name: `shared-${count}`, tags: ['kept'], port });
  }

  function start(elections: readonly Readonly<Record<string, string>>[]): SidecarProcess {
    const file = join(dir, `${service.id}-${sidecars.length}.json`);
    writeFileSync(file, JSON.stringify({ ttl: '2s', sleep: 0.5, logLevel: 'info', elections }));
    const sidecar = startSidecar({ CONSUL_HTTP_ADDR: consul.first.address }, ['--config', file]);
    sidecars.push(sidecar);
    return sidecar;
  }

  /** The ways to one entry. */
  const queries = {
    'its id': (): Record<string, string> => ({ serviceId: service.id }),
    'its allocation': (): Record<string, string> => ({ allocId: service.allocId }),
    'its name and port': (): Record<string, string> => ({
      serviceName: service.name,
      servicePort: String(7000 + count),
    }),
  } as const;

  for (const [one, other] of [
    ['its id', 'its allocation'],
    ['its id', 'its name and port'],
    ['its allocation', 'its name and port'],
  ] as const) {
    it(`by ${one} and by ${other}: refused in one line, before they fight`, async () => {
      service = await register();
      const sidecar = start([
        { serviceName: 'one', ...queries[one](), key: `${service.name}/one`, primaryLabel: 'first' },
        { serviceName: 'two', ...queries[other](), key: `${service.name}/two`, primaryLabel: 'second' },
      ]);
      assert.equal((await sidecar.exited).code, 2, sidecar.lines.join('\n'));
      const told = sidecar.lines.filter((line) => line.startsWith('holdfast elect: '));
      assert.equal(told.length, 1, sidecar.lines.join('\n'));
      const [line = ''] = told;
      for (const part of [`/${service.name}/one`, `/${service.name}/two`, service.id, 'serviceId'])
        assert.ok(line.includes(part), line);
      const entry = await service.entry();
      assert.deepEqual([entry?.Tags, entry?.Meta['session']], [['kept'], undefined]);
      assert.deepEqual(await readSessions(consul.first.api), []);
    });
  }

  it('in two processes: each is told whose session the other one is', async () => {
    service = await register();
    const { serviceName = '', ...byPort } = queries['its name and port']();
    const one = start([{ ...queries['its id'](), serviceName: 'one', key: `${serviceName}/one` }]);
    await one.said(/leads, by token/u);
    const two = start([{ serviceName, ...byPort, key: `${serviceName}/two`, primaryLabel: 'second' }]);
    const [first, second] = await Promise.all([
      one.said(/written by somebody else/u, 30_000),
      two.said(/written by somebody else/u, 30_000),
    ]);
    assert.ok(first.includes(`"Consul-Leader API Lock: ${serviceName}"`), first);
    assert.ok(second.includes('"Consul-Leader API Lock: one"'), second);
  });
});
