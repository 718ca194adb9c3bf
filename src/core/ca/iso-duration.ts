const number = String.raw`(\d{1,9}(?:[.,]\d{1,9})?)`;
const pattern = new RegExp(
  `^P(?=[\\dT])(?:${number}Y)?(?:${number}M)?(?:${number}W)?(?:${number}D)?` +
    `(?:T(?=\\d)(?:${number}H)?(?:${number}M)?(?:${number}S)?)?$`,
);
/** Of year, month, week, day, hour, minute, second. A year has 365 days, a month is its twelfth part. */
const secondsOf = [31_536_000, 2_628_000, 604_800, 86_400, 3600, 60, 1];

/** The seconds of an ISO 8601 duration such as `P6M` or `PT1H30M`; null when `text` is none. */
export function isoDurationSeconds(text: string): number | null {
  const parts = pattern.exec(text.trim())?.slice(1);
  if (parts === undefined) return null;
  return parts.reduce(
    (sum, part, index) => sum + Number((part ?? '0').replace(',', '.')) * (secondsOf[index] ?? 0),
    0,
  );
}
