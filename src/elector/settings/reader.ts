import type { SettingName } from './table.ts';

/** What the sources say together, the nearest first. */
export interface Reader {
  /** The value, or its default. */
  readonly said: (name: SettingName) => string;
  /** Whether any source says it (an empty text says nothing). */
  readonly isSaid: (name: SettingName) => boolean;
  /** How the one who set it knows it: the variable, the flag, the field. */
  readonly name: (name: SettingName) => string;
}

/** Where faults go. */
export interface Faults {
  readonly add: (sentence: string) => void;
  readonly warn: (sentence: string) => void;
}

export function optional(text: string): string | null {
  return text === '' ? null : text;
}
