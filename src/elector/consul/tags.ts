import type { ServiceView } from './service.ts';

/** The two labels; null: none. */
export interface Labels {
  readonly primary: string;
  readonly replica: string | null;
}

/** What the entry of our service shall say. */
export interface WantedMarks {
  /** `none`: this contender is no more. */
  readonly role: 'primary' | 'replica' | 'none';
  /** What `Meta.session` shall be; null: it is left as it is. */
  readonly sessionId: string | null;
}

/** The tags with our labels as wanted, and all others as they were, in their order. */
export function wantedTags(
  tags: readonly string[],
  labels: Labels,
  { role }: WantedMarks,
): readonly string[] {
  const label = role === 'none' ? null : labels[role];
  const others = tags.filter((tag) => tag === label || (tag !== labels.primary && tag !== labels.replica));
  return label === null || others.includes(label) ? others : [...others, label];
}

/** Null: the entry is as it shall be. */
export function markChange(
  { tags, meta }: Pick<ServiceView, 'tags' | 'meta'>,
  labels: Labels,
  wanted: WantedMarks,
): { readonly tags: readonly string[]; readonly meta: Readonly<Record<string, string>> } | null {
  const next = wantedTags(tags, labels, wanted);
  const session = wanted.sessionId ?? meta['session'];
  const isSame =
    session === meta['session'] && next.length === tags.length && next.every((tag, at) => tag === tags[at]);
  if (isSame) return null;
  return { tags: next, meta: session === undefined ? meta : { ...meta, session } };
}
