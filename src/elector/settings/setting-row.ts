/** One thing that can be set: in the environment, as a flag, in a file (the flag's name in camel case). */
export interface SettingRow {
  readonly env: string;
  /** Null: in the environment alone, since arguments are seen by everybody. */
  readonly flag: string | null;
  readonly fallback: string;
  readonly about: string;
  /** Of the connection, not of one election. */
  readonly isShared?: true;
}
