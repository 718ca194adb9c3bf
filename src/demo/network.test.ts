import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { runCommand } from '../runtime/run-command.ts';
import { findSubnet, layNetwork, removeNetwork, requireFreeSubnet } from './network.ts';
import { addressOf, inNamespace, namespaceOf, type NetworkPlan, planNetwork } from './network-plan.ts';
import { childEnvironment } from './product.ts';

const needsRoot = process.getuid?.() === 0 ? false : 'network namespaces need root';

interface Laid {
  readonly plan: NetworkPlan;
  readonly namespace: string;
  readonly address: string;
}

/** A network with one node. */
async function lay(t: TestContext, mark: string): Promise<Laid> {
  const dir = `network-test-${process.pid}-${mark}`;
  const plan = planNetwork(dir, await findSubnet(dir));
  const node = { name: 'n1', namespace: namespaceOf(plan, 'n1'), address: addressOf(plan, 0) };
  t.after(() => removeNetwork(plan));
  await layNetwork(plan, [node]);
  return { plan, ...node };
}

async function listed(...argv: readonly string[]): Promise<string> {
  const { stdout } = await runCommand(['ip', ...argv], { timeoutMs: 5_000, env: childEnvironment() });
  return stdout;
}

test('a network is reached from here alone, and goes with all that is in it', {
  skip: needsRoot,
}, async (t) => {
  const [one, other] = [await lay(t, 'one'), await lay(t, 'other')];
  const script = `require('node:net').createServer(() => 0).listen(7000, () => console.log('ready'))`;
  const [program, ...args] = [...inNamespace(one.namespace), process.execPath, '-e', script];
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(server, 'exit');
  await once(server.stdout, 'data');
  const socket = connect(7000, one.address);
  await once(socket, 'connect', { signal: AbortSignal.timeout(5_000) });
  socket.destroy();

  const ways = await listed('-n', one.namespace, 'route');
  assert.match(ways, new RegExp(`^${one.plan.subnet} dev eth0 [^\\n]*\\n$`, 'u'), 'no way leads out');
  await assert.rejects(requireFreeSubnet(one.plan.subnet), (error) => isProblem(error, 'config_invalid'));

  await removeNetwork(one.plan);
  assert.deepEqual(await gone, [null, 'SIGKILL']);
  const left = `${await listed('netns', 'list')}${await listed('-brief', 'link')}`;
  assert.deepEqual(
    [one.plan.prefix, one.plan.link, other.plan.hub, other.namespace, other.plan.link].map((name) =>
      left.includes(name),
    ),
    [false, false, true, true, true],
  );
  await removeNetwork(one.plan); // nothing is there: no failure
  await requireFreeSubnet(one.plan.subnet);
});

test('what is left of a network is taken away before it is laid again', { skip: needsRoot }, async (t) => {
  const { plan, namespace, address } = await lay(t, 'again');
  await layNetwork(plan, [{ name: 'n1', namespace, address }]);
  assert.match(await listed('-n', namespace, '-brief', 'address'), new RegExp(`eth0.* ${address}/24`, 'u'));
});
