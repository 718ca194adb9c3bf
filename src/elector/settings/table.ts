import { addressRows, connectionRows } from './connection-rows.ts';
import { electionRows } from './election-rows.ts';
import type { SettingRow } from './setting-row.ts';

/** Every setting, in the order in which people are told them. */
const settingsTable: typeof addressRows & typeof electionRows & typeof connectionRows = {
  ...addressRows,
  ...electionRows,
  ...connectionRows,
};

export type SettingName = keyof typeof settingsTable;

export const settingNames: readonly SettingName[] = Object.keys(settingsTable).filter(isSettingName);

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settingsTable, name);
}

export function rowOf(name: SettingName): SettingRow {
  return settingsTable[name];
}

/** How a file calls a setting: as the flag, in camel case; null: a file may not say it. */
export function fileNameOf(name: SettingName): string | null {
  return (
    rowOf(name).flag?.replaceAll(/-(?<letter>[a-z])/gu, (_dash, letter: string) => letter.toUpperCase()) ??
    null
  );
}

/** What one source says; what is not there, it does not say. */
export type Sayings = { readonly [name in SettingName]?: string };
