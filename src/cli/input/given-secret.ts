import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { readGivenBytes } from './given-bytes.ts';
import { askHidden, hasPerson } from './terminal-question.ts';

export interface SecretQuestion {
  /** The option that names a file, as `--password-file`. */
  readonly option: string;
  readonly file: string | undefined;
  /** What is asked at a terminal, as `New password`. */
  readonly prompt: string;
  /** Asked for twice, since nobody sees what they type. */
  readonly twice?: boolean;
}

const limitBytes = 64 * 1024;

/**
 * A password, key or token in one line: from a file, standard input, or asked for. The end of the line does not belong to
 * it.
 *
 * @throws Problem `usage` when there is none; `interrupted`
 */
export async function readGivenSecret(question: SecretQuestion): Promise<Secret<string>> {
  const { option, file } = question;
  const given = await readGivenBytes({ option, file, limitBytes });
  if (given === null && !hasPerson()) {
    throw new Problem('usage', `${option}: name a file, or - and give it on standard input.`);
  }
  const text = given === null ? await askTwice(question) : given.toString().replace(/\r?\n$/u, '');
  if (text === '') throw new Problem('usage', `${option}: nothing was given.`);
  if (/[\r\n\0]/u.test(text)) throw new Problem('usage', `${option}: it has more than one line.`);
  return new Secret(text);
}

async function askTwice({ option, prompt, twice }: SecretQuestion): Promise<string> {
  const text = await askHidden(`${prompt}: `);
  if (twice === true && (await askHidden(`${prompt}, again: `)) !== text) {
    throw new Problem('usage', `${option}: the two are not the same; nothing was changed.`);
  }
  return text;
}
