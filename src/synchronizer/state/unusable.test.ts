import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../core/problem.ts';
import { unusable } from './unusable.ts';

const told = (code: string): readonly [string, string] => {
  const { code: kind, detail } = unusable('/state', Object.assign(new Error('no.'), { code }));
  return [kind, detail];
};

test('a disk that is full, a quota and a read-only file system are told from a directory of somebody else', () => {
  const [full, detail] = told('ENOSPC');
  assert.equal(full, 'disk_full');
  assert.match(
    detail,
    /^stateDirectory: \/state cannot be written: the file system is full \(ENOSPC\)\. Make/u,
  );
  assert.match(told('EDQUOT').join(' '), /^disk_full .*quota is used up \(EDQUOT\)/u);
  assert.match(told('EROFS').join(' '), /^config_invalid .*read-only \(EROFS\).*fault of the disk/u);
  for (const code of ['ENOSPC', 'EDQUOT', 'EROFS'])
    assert.doesNotMatch(told(code)[1], /one that this user may write to/u);
  assert.match(
    told('EACCES').join(' '),
    /^config_invalid .*\(EACCES\); name one that this user may write to/u,
  );
});

test('what is known to be wrong keeps its words', () => {
  const problem = new Problem('state_in_use', 'another one.');
  assert.equal(unusable('/state', problem), problem);
});
