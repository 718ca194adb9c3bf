import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

type Rooms = Readonly<Record<string, readonly string[]>>;

/** The table of docs/architecture.md: its rows have a room's name first and what it may import last. */
function documentedRooms(): Rooms {
  const rows = readFileSync(join(root, 'docs/architecture.md'), 'utf8').matchAll(
    /^\| ([a-z]+) \|.*\| ([^|]+) \|$/gmu,
  );
  const rooms = Array.from(rows, ([, room = '', imports = '']): readonly [string, readonly string[]] => [
    room,
    imports === '–' ? [] : imports.split(', ').sort(),
  ]);
  return Object.fromEntries(rooms.filter(([room]) => room !== 'room'));
}

/** What the compiler is told. */
function compiledRooms(): Rooms {
  const files = globSync('src/*/tsconfig.json', { cwd: root }).sort();
  return Object.fromEntries(
    files.map((file) => [
      basename(dirname(file)),
      references(file)
        .map((path) => basename(path))
        .sort(),
    ]),
  );
}

function references(file: string): readonly string[] {
  const config: { readonly references?: readonly { readonly path: string }[] } = JSON.parse(
    readFileSync(join(root, file), 'utf8'),
  );
  return config.references?.map(({ path }) => path) ?? [];
}

test('the documented walls between rooms are those that the compiler enforces', () => {
  assert.deepEqual(documentedRooms(), compiledRooms());
});

test('every room is part of the build and of the check of the tests', () => {
  const rooms = Object.keys(compiledRooms()).sort();
  for (const file of ['tsconfig.json', 'tsconfig.test.json']) {
    const built = references(file)
      .filter((path) => path.startsWith('src/'))
      .map((path) => basename(path))
      .sort();
    assert.deepEqual(built, rooms, file);
  }
});
