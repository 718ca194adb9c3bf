import { readFileSync } from 'node:fs';
import { Problem } from '../../core/problem.ts';
import { fileNameOf, isSettingName, rowOf, type Sayings, settingNames } from './table.ts';

/**
 * Reads a file of settings: names as the flags in camel case (and as the variables), in JSON or YAML; `elections` is a list
 * of what concerns one each. YAML is loaded only where the file is not JSON: it takes memory.
 *
 * @throws Problem `config_invalid`
 */
export async function readSettingsFile(
  file: string,
): Promise<{ readonly shared: Sayings; readonly elections: readonly Sayings[] }> {
  const content = await parse(file);
  if (!isObject(content)) throw invalid(file, 'it holds no settings');
  const { elections = [], ...rest } = content;
  if (!Array.isArray(elections)) throw invalid(file, 'elections is no list');
  return {
    shared: sayingsOf(file, rest, false),
    elections: elections.map((each: unknown, at) => {
      if (!isObject(each)) throw invalid(file, `elections[${at}] holds no settings`);
      return sayingsOf(file, each, true);
    }),
  };
}

async function parse(file: string): Promise<unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Problem('config_invalid', `--config: ${file} cannot be read. Name a file that is there.`, {
      cause,
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    // Then it is YAML, or wrong in both.
  }
  try {
    return (await import('yaml')).parse(text);
  } catch (error) {
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    throw invalid(file, line);
  }
}

function sayingsOf(file: string, fields: Readonly<Record<string, unknown>>, isElection: boolean): Sayings {
  const says: Partial<Record<keyof Sayings, string>> = {};
  for (const [key, value] of Object.entries(fields)) {
    const secret = isSettingName(key) && fileNameOf(key) === null ? rowOf(key) : null;
    if (secret !== null) {
      throw invalid(file, `"${key}" is secret: set ${secret.env} instead, or name a file`);
    }
    const name = settingNames.find((each) => fileNameOf(each) === key);
    if (name === undefined) throw invalid(file, `there is no setting "${key}"`);
    if (isElection && rowOf(name).isShared === true)
      throw invalid(file, `"${key}" is the same for all elections: write it above them`);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw invalid(file, `"${key}" is no text`);
    }
    says[name] = String(value);
  }
  return says;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(file: string, because: string): Problem {
  return new Problem('config_invalid', `--config ${file}: ${because}.`);
}
