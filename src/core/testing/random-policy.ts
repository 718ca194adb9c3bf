import type { LoadMode } from '../policy/types.ts';
import type { Random } from '../random.ts';

/** Something to own, grant, shadow and delete from the first load on. */
export const basePolicy = `
- !group x
- !user y
- !policy
  id: p
  body:
  - !group x
  - !host {id: y, owner: !group x}
  - !variable {id: x, owner: !host y}
  - !policy {id: q, owner: !host y, body: [!variable x, !layer y]}
- !policy {id: q, owner: !group x, body: [!user x, !variable {id: y, owner: !user x}]}
- !grant {role: !group p/x, member: !user y}
`;

/** A policy text over so few names that texts meet each other's rows all the time. */
export function randomPolicyText(random: Random, mode: LoadMode): string {
  const lines = Array.from({ length: 1 + random.below(5) }, () => `- ${statement(random, mode, 0)}\n`);
  return lines.join('');
}

const roleTags = ['user', 'group', 'host', 'layer'] as const;

function statement(random: Random, mode: LoadMode, depth: number): string {
  const choice = random.below(mode === 'append' ? 9 : 12);
  if (choice < 3) return record(random);
  if (choice < 5 && depth < 3) return policy(random, mode, depth);
  if (choice < 7) return `!grant {${many(random, 'role', role)}, ${many(random, 'member', member)}}`;
  if (choice < 9) return permission('permit', random);
  if (choice === 9) return `!delete {${many(random, 'record', resource)}}`;
  if (choice === 10) return `!revoke {${many(random, 'role', role)}, ${many(random, 'member', role)}}`;
  return permission('deny', random);
}

/** A field in the singular or the plural, with one value, several, or the same twice. */
function many(random: Random, field: string, one: (random: Random) => string): string {
  if (!random.chance(4)) return `${field}: ${one(random)}`;
  const values = Array.from({ length: 1 + random.below(3) }, () => one(random));
  return `${field}${random.pick(['', 's'])}: [${values.join(', ')}]`;
}

function permission(tag: 'permit' | 'deny', random: Random): string {
  const privileges = random.pick(['[read, update]', 'read', 'create', '[execute, read, execute]']);
  return `!${tag} {${many(random, 'role', role)}, privileges: ${privileges}, ${many(random, 'resource', resource)}}`;
}

function record(random: Random): string {
  const tag = random.pick([
    ...[...roleTags, 'variable', 'variable', 'webservice', 'host-factory', 'role', 'resource'],
  ]);
  const fields = random.chance(12) ? [] : [`id: ${id(random)}`];
  const owned = tag !== 'role';
  if (tag === 'role' || tag === 'resource') {
    fields.push(`kind: ${random.pick(['group', 'team', 'user', 'variable', 'policy'])}`);
  }
  if (owned && random.chance(2)) fields.push(`owner: ${role(random)}`);
  if (owned && random.chance(3)) fields.push(`annotations: {${annotations(random)}}`);
  if ((tag === 'user' || tag === 'host') && random.chance(2)) {
    fields.push(`restricted_to: ${random.pick(['10.0.0.0', '[10.0.0.1, 10.0.0.0/8]', '[]', '"::1"'])}`);
  }
  if (tag === 'user' && random.chance(4)) fields.push(publicKeys(random));
  if (tag === 'user' && random.chance(6)) fields.push(`uidnumber: ${random.below(3)}`);
  if (tag === 'group' && random.chance(6)) fields.push(`gidnumber: ${random.below(3)}`);
  if (tag === 'variable' && random.chance(4)) fields.push('kind: password, mime_type: text/plain');
  if (tag === 'host-factory') fields.push(many(random, 'layer', (r) => `!layer ${id(r)}`));
  return `!${tag} {${fields.join(', ')}}`;
}

function annotations(random: Random): string {
  const notes = [
    `a: v${random.below(3)}`,
    `b: ${random.pick(['yes', '"no"', '12', '~', 'x y'])}`,
    'conjur/kind: k',
  ];
  return notes.filter(() => random.chance(2)).join(', ');
}

function publicKeys(random: Random): string {
  const key = `ssh-rsa AAAA ${random.pick(['laptop', 'desk'])}`;
  return random.chance(2) ? `public_key: ${key}` : `public_keys: [ssh-rsa AAAA home, ${key}]`;
}

function policy(random: Random, mode: LoadMode, depth: number): string {
  const body = Array.from({ length: random.below(4) }, () => statement(random, mode, depth + 1));
  const owner = random.chance(3) ? `, owner: ${role(random)}` : '';
  return `!policy {id: ${random.pick(['p', 'q', 'p-q'])}${owner}, body: [${body.join(', ')}]}`;
}

function member(random: Random): string {
  return random.chance(3) ? `!member {role: ${role(random)}, admin: true}` : role(random);
}

function role(random: Random): string {
  const where = random.pick(['', '', '', '/', '/', '/p/', '../']);
  if (random.chance(5)) return '!user /admin';
  if (random.chance(12))
    return `!role {kind: ${random.pick(['team', 'group', 'user'])}, id: ${where}${id(random)}}`;
  if (random.chance(25)) return `!host-factory ${where}${id(random)}`;
  return random.chance(5)
    ? `!policy ${where}${random.pick(['p', 'p', 'q'])}`
    : `!${random.pick(roleTags)} ${where}${id(random)}`;
}

function resource(random: Random): string {
  if (random.chance(6)) return `!policy ${random.pick(['p', 'q'])}`;
  if (random.chance(25)) return `!resource {kind: ${random.pick(['team', 'variable'])}, id: ${id(random)}}`;
  return `!${random.pick([...roleTags, 'variable', 'variable', 'webservice'])} ${id(random)}`;
}

function id(random: Random): string {
  const often = ['x', 'x', 'x', 'y', 'y'];
  return random.pick([...often, ...often, 'p/x', 'p/y', 'p/q/x', 'q-x', 'x@p']);
}
