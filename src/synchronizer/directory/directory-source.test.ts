import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { isProblem } from '../../core/problem.ts';
import { accountsOf, faultOf, signal } from '../testing/sources.ts';
import { openDirectorySource } from './directory-source.ts';

const run = promisify(execFile);

async function lab(
  t: TestContext,
): Promise<{ readonly root: string; readonly put: (path: string, value: string | Buffer) => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'holdfast-source-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const put = async (path: string, value: string | Buffer): Promise<void> => {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), value);
  };
  return { root, put };
}

describe('a source of files', () => {
  it('gives the bytes of a file as they are', async (t) => {
    const { root, put } = await lab(t);
    const bytes = Buffer.from([0, 255, 13, 10, 128]);
    await put('l/s/db/blob', bytes);
    await put('l/s/db/.hidden', 'x');
    const account = (await accountsOf(openDirectorySource(root))).get('l/s/db');
    assert.deepEqual(account?.properties, ['blob']);
    assert.deepEqual(Buffer.from((await account?.read(signal))?.get('blob')?.reveal() ?? []), bytes);
  });

  it('changes the revision with every file, and knows an account by its id file', async (t) => {
    const { root, put } = await lab(t);
    const look = async () => (await accountsOf(openDirectorySource(root))).get('l/s/db');
    await put('l/s/db/password', 'x');
    const first = await look();
    assert.equal((await look())?.revision, first?.revision);
    await put('l/s/db/username', 'x');
    assert.notEqual((await look())?.revision, first?.revision);
    await put('l/s/db/.id', '12\n');
    assert.deepEqual([first?.id, (await look())?.id], ['s/db', '12']);
  });

  it('keeps accounts of one name in two safes apart', async (t) => {
    const { root, put } = await lab(t);
    await put('l/s/db/password', 'x');
    await put('l/t/db/password', 'x');
    await put('l/t/app/.id', '7\n');
    const ids = Array.from((await accountsOf(openDirectorySource(root))).values(), ({ id }) => id);
    assert.deepEqual(ids, ['s/db', '7', 't/db']);
  });

  it('does not wait for a pipe, as a value or as an id', async (t) => {
    const { root, put } = await lab(t);
    await put('l/s/db/password', 'x');
    await run('mkfifo', [join(root, 'l/s/db/pipe')]);
    const account = (await accountsOf(openDirectorySource(root))).get('l/s/db');
    await assert.rejects(
      async () => account?.read(signal),
      (error) => isProblem(error, 'source_refused') && /pipe is no file/u.test(error.detail),
    );
    await run('mkfifo', [join(root, 'l/s/db/.id')]);
    const hidden = (await accountsOf(openDirectorySource(root))).get('l/s/db');
    assert.match(hidden?.fault ?? '', /\.id is no file/u);
  });

  it('passes over files beside lines of business and safes', async (t) => {
    const { root, put } = await lab(t);
    await put('l/s/db/password', 'x');
    await put('README', 'x');
    await put('l/README', 'x');
    assert.deepEqual([...(await accountsOf(openDirectorySource(root))).keys()], ['l/s/db']);
  });

  it('lists the others of a safe beside what is no account, and cannot be read as one', async (t) => {
    const { root, put } = await lab(t);
    await put('l/s/db/password', 'x');
    await put('l/s/README', 'x');
    await symlink('loop', join(root, 'l/s/loop'));
    await mkdir(Buffer.concat([Buffer.from(join(root, 'l/s/')), Buffer.from([0xff])]));
    await put('l/s/web/.id/in-the-way', 'x');
    const accounts = await accountsOf(openDirectorySource(root));
    const faults = Array.from(accounts.values(), ({ name, properties, fault }) => [
      name,
      properties.length,
      /\.id is no file|\(E[A-Z]+\)/u.exec(fault ?? '')?.[0] ?? fault,
    ]);
    assert.deepEqual(faults, [
      ['README', 0, '(ENOTDIR)'],
      ['db', 1, undefined],
      ['loop', 0, '(ELOOP)'],
      ['web', 0, '.id is no file'],
      ['\uFFFD', 0, '(ENOENT)'],
    ]);
  });

  it('fails where it cannot read, and refuses a file that no variable can hold', async (t) => {
    const { root, put } = await lab(t);
    await mkdir(join(root, 'l'), { recursive: true });
    await symlink(join(root, 'not-mounted'), join(root, 'l/s'));
    assert.match(
      faultOf(await openDirectorySource(root).list(null, signal)) ?? '',
      /cannot be read \(ENOENT\)/u,
    );
    await assert.rejects(openDirectorySource(join(root, 'none')).list(null, signal), (error) =>
      isProblem(error, 'source_unavailable'),
    );
    await put('l/t/big/file', '');
    await truncate(join(root, 'l/t/big/file'), 3 * 1024 * 1024);
    await rm(join(root, 'l/s'), { recursive: true });
    const big = (await accountsOf(openDirectorySource(root))).get('l/t/big');
    await assert.rejects(
      async () => big?.read(signal),
      (error) => isProblem(error, 'body_too_large'),
    );
  });
});
