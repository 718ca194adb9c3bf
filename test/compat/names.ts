import { randomBytes } from 'node:crypto';
import { Wildcard } from './expectation.ts';

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const filters: Readonly<Record<string, (text: string) => string>> = {
  path: encodeAll,
  go: (text) => encodeAll(text).replaceAll('%20', '+'),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
};

/** The names of one file in one run: what `${…}` stands for. */
export class Names {
  readonly #known: Map<string, string>;
  readonly #secrets = new Set<string>();

  constructor(known: Readonly<Record<string, string>>) {
    this.#known = new Map(Object.entries(known));
  }

  /** Everything that must stand nowhere in clear after the run. */
  get secrets(): ReadonlySet<string> {
    return this.#secrets;
  }

  keep(name: string, value: string): void {
    this.#known.set(name, value);
    if (name.startsWith('key:')) this.noteSecret(value);
  }

  noteSecret(value: string): void {
    this.#secrets.add(value);
  }

  /** @throws Error for a name that nobody kept */
  value(name: string): string {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const made = this.#make(name);
    if (made === null) throw new Error(`there is no \${${name}}`);
    return made;
  }

  fillText(text: string, escape: (value: string) => string = (value) => value): string {
    return text.replaceAll(/\$\{([^}|]+)(?:\|(\w+))?\}/g, (_whole, name: string, filter?: string) => {
      const value = this.value(name);
      if (filter === undefined) return escape(value);
      const apply = filters[filter];
      if (apply === undefined) throw new Error(`there is no filter ${filter}`);
      return escape(apply(value));
    });
  }

  /** `value` with every text in it filled, the names of fields too. */
  fill(value: unknown): unknown {
    if (typeof value === 'string') return this.fillText(value);
    if (Array.isArray(value)) return value.map((entry) => this.fill(entry));
    if (value instanceof Wildcard) return this.#fillWildcard(value);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, entry]) => [this.fillText(name), this.fill(entry)]),
    );
  }

  #fillWildcard({ tag, operand }: Wildcard): Wildcard {
    if (tag === 'keep') return new Wildcard(tag, operand);
    if (tag !== 'like') return new Wildcard(tag, this.fill(operand));
    return new Wildcard(
      tag,
      this.fillText(String(operand), (text) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')),
    );
  }

  #make(name: string): string | null {
    const [kind = '', ...rest] = name.split(':');
    if (kind === 'secret' || kind === 'password') {
      const random = randomBytes(12).toString('hex');
      this.keep(name, kind === 'secret' ? `s${random}` : `Aa-B1${random}`);
      const made = this.value(name);
      this.noteSecret(made);
      return made;
    }
    if (kind === 'repeat') return (rest[1] ?? '').repeat(Number(rest[0]));
    if (kind === 'time') return timeFromNow(rest.join(':'));
    return null;
  }
}

function timeFromNow(text: string): string {
  const [, sign, count, unit] = /^([+-])(\d+)([smhd])$/.exec(text) ?? [];
  if (unit === undefined || !(unit in unitMs)) throw new Error(`${text}: say +2h, -5m …`);
  const ms = Number(`${sign}${count}`) * unitMs[unit as keyof typeof unitMs];
  return new Date(Date.now() + ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** RFC 3986: all but the unreserved. */
function encodeAll(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
