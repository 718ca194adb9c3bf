import type { PolicyFault, Position } from './types.ts';

/**
 * YAML as the policy language sees it: text, lists and fields, with local tags (`!user`) and places. An alias is the very
 * object that its anchor named, so a tree stays as small as its text however often it repeats itself.
 */
export type YamlNode = YamlScalar | YamlSequence | YamlMapping;

export interface YamlScalar {
  readonly type: 'scalar';
  /** `!user`; null without a tag, and with one of YAML's own. */
  readonly tag: string | null;
  readonly text: string;
  /** Written without quotes, so `true` and `12` are not text. */
  readonly plain: boolean;
  readonly at: Position;
}

export interface YamlSequence {
  readonly type: 'sequence';
  readonly items: readonly YamlNode[];
  readonly at: Position;
}

export interface YamlMapping {
  readonly type: 'mapping';
  readonly tag: string | null;
  readonly entries: readonly YamlEntry[];
  readonly at: Position;
}

export interface YamlEntry {
  readonly key: string;
  readonly keyAt: Position;
  readonly value: YamlNode;
}

/** What a reading function throws; `readPolicy` turns it into a value. It never leaves the `read` files. */
export class ReadFault extends Error {
  readonly fault: PolicyFault;

  constructor(message: string, at: Position) {
    super(message);
    this.fault = { line: at.line, column: at.column, message };
  }
}
