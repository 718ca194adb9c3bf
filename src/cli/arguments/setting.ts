import type { SettingChange } from '../../agent/cluster-settings.ts';
import { Problem } from '../../core/problem.ts';
import { duration, wholeNumber } from './numbers.ts';

const readers: Readonly<Record<string, (value: string) => SettingChange>> = {
  ttl: (value) => ({ ttlMs: duration('ttl', 2_000, 300_000)(value) }),
  sync: (value) => ({ syncCount: wholeNumber('sync', 1, 4)(value) }),
  strict: (value) => ({ strict: onOrOff('strict', value) }),
  'auto-rejoin': (value) => ({ autoRejoin: onOrOff('auto-rejoin', value) }),
};

export const settingNames: readonly string[] = Object.keys(readers);

/** What `holdfast config set SETTING VALUE` asks for. @throws Problem `usage` */
export function readSetting(setting: string, value: string): SettingChange {
  const read = Object.hasOwn(readers, setting) ? readers[setting] : undefined;
  if (read !== undefined) return read(value);
  throw new Problem('usage', `setting: "${setting}" is none of ${settingNames.join(', ')}.`);
}

function onOrOff(field: string, value: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on';
  throw new Problem('usage', `${field}: "${value}" must be on or off.`);
}
