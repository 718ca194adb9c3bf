/** `0.94 s`, `12.3 s`, `140 s`: about three figures. A dash when it was not seen. */
export function seconds(ms: number | null): string {
  const figure = bareSeconds(ms);
  return figure === '–' ? figure : `${figure} s`;
}

/** Seconds without their unit, for a column whose head names it. */
export function bareSeconds(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return '–';
  const value = Math.abs(ms) / 1000;
  const text = value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
  return ms < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A moment of a round, in seconds after the fault began: `+1.20 s`, `−5.00 s`. */
export function moment(ms: number): string {
  const text = seconds(ms);
  return text.startsWith('−') || text === '–' ? text : `+${text}`;
}

/** Text of others on one line: what could break it, colour it or turn it round is shown as its code. */
export function plainLine(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (letter) => `\\u{${letter.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}
