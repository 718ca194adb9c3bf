/** A block of an HCL file: `name "label" { … }`. */
export interface Block {
  readonly name: string;
  readonly label: string | null;
  readonly values: Readonly<Record<string, string>>;
  readonly blocks: readonly Block[];
}

/**
 * Reads HCL as `terraform fmt` and `nomad fmt` write it: one thing to a line. Values stay as they are written, strings
 * without their quotes. Whether it is HCL at all is for Consul's own parser to say.
 *
 * @throws Error with the line that is something else
 */
export function readHcl(text: string): readonly Block[] {
  const top: Open = { name: '', label: null, values: {}, blocks: [] };
  const open: Open[] = [top];
  for (const [at, content] of text.split('\n').entries()) {
    const line = content.trim();
    if (line === '' || line.startsWith('#')) continue;
    const block = open.at(-1) ?? top;
    const [, name = '', label] = /^(\w+)(?: "([^"]*)")? \{$/u.exec(line) ?? [];
    const [, key = '', value = ''] = /^(\w+) += (.+)$/u.exec(line) ?? [];
    if (name !== '') {
      const inner: Open = { name, label: label ?? null, values: {}, blocks: [] };
      block.blocks.push(inner);
      open.push(inner);
    } else if (key !== '') block.values[key] = value.replace(/^"(.*)"$/u, '$1');
    else if (line === '}' && open.length > 1) open.pop();
    else throw new Error(`line ${at + 1} is not formatted HCL: ${line}`);
  }
  if (open.length !== 1) throw new Error(`${open.length - 1} blocks are not closed`);
  return top.blocks;
}

interface Open extends Block {
  readonly values: Record<string, string>;
  readonly blocks: Open[];
}

/** What Nomad's job specification calls things, block in block, as far as our job file uses it; `*`: anything. */
export const jobSpecification: Readonly<Record<string, readonly string[]>> = {
  job: ['datacenters', 'type', 'group'],
  'job.group': ['count', 'network', 'service', 'task'],
  'job.group.network': ['port'],
  'job.group.network.port': ['to', 'static'],
  'job.group.service': ['name', 'port', 'tags', 'enable_tag_override', 'check'],
  'job.group.service.check': ['name', 'type', 'interval', 'timeout', 'port'],
  'job.group.task': ['driver', 'lifecycle', 'config', 'env', 'kill_signal', 'kill_timeout', 'resources'],
  'job.group.task.lifecycle': ['hook', 'sidecar'],
  'job.group.task.config': ['image', 'ports', 'network_mode'],
  'job.group.task.env': ['*'],
  'job.group.task.resources': ['cpu', 'memory'],
};

/** Names in these blocks that the specification does not have where they stand. */
export function unknownNames(blocks: readonly Block[], within = ''): readonly string[] {
  return blocks.flatMap((block) => {
    const path = within === '' ? block.name : `${within}.${block.name}`;
    const allowed = jobSpecification[path];
    if (allowed === undefined) return [path];
    const used = [...Object.keys(block.values), ...block.blocks.map(({ name }) => name)];
    const unknown = allowed.includes('*') ? [] : used.filter((name) => !allowed.includes(name));
    return [
      ...unknown.map((name) => `${path}.${name}`),
      ...unknownNames(
        block.blocks.filter(({ name }) => allowed.includes(name)),
        path,
      ),
    ];
  });
}

/** The block at a path of names, where each but the last may be given with its label: `job/group/task:elect/env`. */
export function blockAt(blocks: readonly Block[], path: string): Block {
  let within = blocks;
  let found: Block | undefined;
  for (const step of path.split('/')) {
    const [name, label] = step.split(':');
    found = within.find((block) => block.name === name && (label === undefined || block.label === label));
    within = found?.blocks ?? [];
  }
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found;
}
