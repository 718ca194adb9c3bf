import type { LoadMode } from '../policy/types.ts';
import type { Random } from './random.ts';

/** A policy text over so few names that texts meet each other's rows all the time. */
export function randomPolicyText(random: Random, mode: LoadMode): string {
  const lines = Array.from({ length: 1 + random.below(7) }, () => `- ${statement(random, mode, 0)}\n`);
  return lines.join('');
}

const roleTags = ['user', 'group', 'host', 'layer'] as const;

function statement(random: Random, mode: LoadMode, depth: number): string {
  const choice = random.below(mode === 'append' ? 9 : 12);
  if (choice < 3) return record(random);
  if (choice < 5 && depth < 2) return policy(random, mode, depth);
  if (choice < 7) return `!grant {role: ${role(random)}, member: ${member(random)}}`;
  if (choice < 9) return permission('permit', random);
  if (choice === 9) return `!delete {record: ${resource(random)}}`;
  if (choice === 10) return `!revoke {role: ${role(random)}, member: ${role(random)}}`;
  return permission('deny', random);
}

function permission(tag: 'permit' | 'deny', random: Random): string {
  const privileges = random.chance(2) ? '[read, update]' : 'read';
  return `!${tag} {role: ${role(random)}, privileges: ${privileges}, resource: ${resource(random)}}`;
}

function record(random: Random): string {
  const tag = random.pick([...roleTags, 'variable', 'variable', 'host-factory', 'role', 'resource']);
  const fields = [`id: ${id(random)}`];
  if (tag === 'role' || tag === 'resource') fields.push(`kind: ${random.pick(['group', 'team'])}`);
  if (tag !== 'role' && random.chance(2)) fields.push(`owner: ${role(random)}`);
  if (tag !== 'role' && random.chance(3))
    fields.push(`annotations: {${random.pick(['a', 'b'])}: v${random.below(3)}}`);
  if ((tag === 'user' || tag === 'host') && random.chance(2))
    fields.push(`restricted_to: [10.0.0.${random.below(3)}]`);
  if (tag === 'user' && random.chance(4)) fields.push(`public_key: ssh-rsa AAAA${random.below(2)} laptop`);
  if (tag === 'host-factory') fields.push(`layers: [!layer ${id(random)}]`);
  return `!${tag} {${fields.join(', ')}}`;
}

function policy(random: Random, mode: LoadMode, depth: number): string {
  const body = Array.from({ length: random.below(4) }, () => statement(random, mode, depth + 1));
  const owner = random.chance(3) ? `, owner: ${role(random)}` : '';
  return `!policy {id: ${random.pick(['p', 'q'])}${owner}, body: [${body.join(', ')}]}`;
}

function member(random: Random): string {
  return random.chance(3) ? `!member {role: ${role(random)}, admin: true}` : role(random);
}

function role(random: Random): string {
  const where = random.pick(['', '', '/', '/p/']);
  if (random.chance(6)) return '!user /admin';
  return random.chance(5)
    ? `!policy ${random.pick(['p', 'q'])}`
    : `!${random.pick(roleTags)} ${where}${id(random)}`;
}

function resource(random: Random): string {
  if (random.chance(6)) return `!policy ${random.pick(['p', 'q'])}`;
  return `!${random.pick([...roleTags, 'variable', 'variable'])} ${id(random)}`;
}

function id(random: Random): string {
  return random.pick(['x', 'x', 'y', 'p/x', 'p/y', 'p/q/x']);
}
