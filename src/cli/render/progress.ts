/** `12,000 of 30,000 accounts, 410/s, 44 s left`. */
export function progressText(done: number, total: number, elapsedMs: number): string {
  const rate = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0;
  const left = rate > 0 ? `, ${leftText((total - done) / rate)} left` : '';
  return `${grouped(done)} of ${grouped(total)} accounts, ${rate < 10 ? rate.toFixed(1) : grouped(Math.round(rate))}/s${left}`;
}

function leftText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 120) return `${whole} s`;
  return whole < 7200 ? `${Math.round(whole / 60)} min` : `${(whole / 3600).toFixed(1)} h`;
}

function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(\d{3})+$)/gu, ',');
}
