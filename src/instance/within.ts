import { Problem } from '../core/problem.ts';

/**
 * The outcome of `work`, or a Problem once `timeoutMs` have passed. The work itself goes on: only for what cannot be
 * aborted, such as a write to a disk that hangs.
 *
 * @throws Problem `command_timeout`, and whatever `work` throws.
 */
export async function within<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Problem('command_timeout', `${what} did not end within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined); // when it fails after that, it has been told already
  }
}
