import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { DemoCluster } from './testing/demo-cluster.ts';

const minutes = 60_000;
const page = readFileSync(new URL('../docs/synchronizer.md', import.meta.url), 'utf8');

/** The commands of the tour as they stand on the page, but for the one that goes where the demo usually lies. */
function tour(): readonly string[] {
  const section = page.slice(page.indexOf('## A tour'), page.indexOf('## Where values lie'));
  const blocks = Array.from(section.matchAll(/^```sh\n(.*?)^```$/gmsu), ([, commands = '']) => commands);
  return blocks.filter((commands) => !commands.startsWith('cd /var/lib/holdfast-demo'));
}

describe('the tour of docs/synchronizer.md', { timeout: 5 * minutes }, () => {
  let demo: DemoCluster;
  let home: string;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'hf-tour-'));
    demo = await DemoCluster.start(['--standbys', '1', '--followers', '0']);
  });
  after(async () => {
    await demo?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const run = async (commands: string): Promise<string> => {
    const child = spawn('bash', ['-eu', '-o', 'pipefail', '-c', commands], {
      cwd: demo.dir,
      env: { HOME: home, PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: minutes,
    });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    assert.equal(code, 0, `${commands}\n${out}${err}`);
    return out;
  };

  it('runs as it is written, and shows what it says', async () => {
    const blocks = tour();
    assert.equal(blocks.length, 6);
    const shown: string[] = [];
    for (const commands of blocks) shown.push(await run(commands));
    const [, , doctor = '', passes = '', check = '', changes = ''] = shown;
    assert.match(doctor, /vault-synchronizer\/sync1 has create on the policy corp/u);
    assert.match(passes, /3 made, 3 values to write[^]*3 made, 3 values written[^]*battery staple/u);
    assert.match(check, /^yes$/mu);
    assert.match(changes, /^- corp\/shop\/web\/mail~3Aout\/password$/mu);
    assert.match(changes, /another horse/u);
    assert.equal(statSync(join(demo.dir, 'sync1.key')).mode & 0o077, 0);
  });

  it('runs by itself from then on, rests when it is told to, and ends with Ctrl-C', async (t) => {
    const words = /`(\.\/holdfast sync run [^`]+)`, until Ctrl-C/u.exec(page)?.[1]?.split(' ') ?? [];
    const [program = '', ...rest] = words;
    const daemon = spawn(program, rest, {
      cwd: demo.dir,
      env: { HOME: home, PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    t.after(() => daemon.kill('SIGKILL'));
    const exited = once(daemon, 'exit');
    let log = '';
    daemon.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    const until = async (pattern: RegExp): Promise<void> => {
      const signal = AbortSignal.timeout(minutes);
      while (!pattern.test(log)) await once(daemon.stderr, 'data', { signal });
    };
    await until(/"pass done"/u);
    await run('./holdfast sync pause --config sync.yml');
    await until(/"paused"/u);
    await run('./holdfast sync resume --config sync.yml');
    await until(/"resumed"/u);
    daemon.kill('SIGINT');
    assert.deepEqual(await exited, [0, null]);
  });
});
