import type { Reader } from './reader.ts';
import { rowOf, type Sayings, type SettingName } from './table.ts';

/** One source of settings. */
export interface Layer {
  readonly say: Sayings;
  /** How the one who set it there knows a setting. */
  readonly name: (row: SettingName) => string;
}

/** What the layers say together: the nearest first, the farthest gives the name of what nobody says. */
export function readerOf(layers: readonly Layer[]): Reader {
  const layerOf = (row: SettingName): Layer | undefined => layers.find(({ say }) => (say[row] ?? '') !== '');
  return {
    said: (row) => layerOf(row)?.say[row] ?? rowOf(row).fallback,
    isSaid: (row) => layerOf(row) !== undefined,
    name: (row) => (layerOf(row) ?? layers.at(-1))?.name(row) ?? row,
  };
}
