/** Where records of the audit trail are forwarded to. */
export type ForwardTarget = {
  /** What the target is called in settings, logs and the trail's own notes: the same for the same place. */
  readonly name: string;
} & (
  | { readonly kind: 'tls' | 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'file'; readonly path: string }
);

/** RFC 5425, 4.1. */
const tlsPort = 6514;
/** Each reads the trail for itself. */
const targetLimit = 8;

/** The targets of a list that is separated by commas, or why there are none. */
export function readForwardTargets(text: string): readonly ForwardTarget[] | string {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  const targets = items.map(readForwardTarget);
  const fault = targets.find((target) => typeof target === 'string');
  if (fault !== undefined) return fault;
  const sound = targets.filter((target) => typeof target !== 'string');
  const twice = sound.find(({ name }, index) => sound.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) return `"${twice.name}" is named twice`;
  return sound.length > targetLimit
    ? `these are ${sound.length} targets; ${targetLimit} may be named`
    : sound;
}

/** The target, or why there is none. */
export function readForwardTarget(text: string): ForwardTarget | string {
  if (/^file:/i.test(text)) return readFile(text);
  const match = /^(tls|tcp):\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?\/?$/i.exec(text);
  if (match === null) return `"${text}" is none of tls://host:port, tcp://host:port and file:/absolute/path`;
  const [, scheme = '', where = '', written] = match;
  const kind = scheme.toLowerCase() === 'tls' ? 'tls' : 'tcp';
  if (written === undefined && kind === 'tcp') return `"${text}" names no port, and tcp has no usual one`;
  const port = Number(written ?? tlsPort);
  if (port < 1 || port > 65_535) return `"${text}" names port ${port}, and ports are 1 to 65535`;
  const host = where.toLowerCase();
  return { kind, host: host.replaceAll(/[[\]]/g, ''), port, name: `${kind}://${host}:${port}` };
}

function readFile(text: string): ForwardTarget | string {
  // file:///path is the same file as file:/path (RFC 8089, appendix B).
  const path = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
  if (!isFilePath(path))
    return `"${text}" names no file by its absolute path, such as file:/var/log/audit.log`;
  return { kind: 'file', path, name: `file:${path}` };
}

/** Whether this is the absolute path of a file, written in the one way that there is for it. */
export function isFilePath(path: string): boolean {
  return /^(?:\/[^/\p{Cc}]+)+$/u.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path);
}
