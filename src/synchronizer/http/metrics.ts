import type { Health } from './health.ts';
import type { RunReport, RunView } from './report.ts';

/** What /metrics answers: Prometheus' text format, with its media type. */
export type MetricsText = () => Promise<{ readonly type: string; readonly body: string }>;

/** Opens the metrics of a run. The library is loaded here: a synchronizer without metrics never does. */
export async function openMetrics({
  report,
  health,
  now,
}: {
  readonly report: RunReport;
  readonly health: () => Health;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
}): Promise<MetricsText> {
  const { Counter, Gauge, Registry, collectDefaultMetrics } = await import('prom-client');
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register, prefix: 'holdfast_sync_' });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `holdfast_sync_${name}`, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: `holdfast_sync_${name}`, help, labelNames: [...labelNames], registers });
  const passes = counter('passes_total', 'Passes, by how they ended.', ['end']);
  const changes = counter('changes_total', 'Variables (failed: accounts) by what passes did to them.', [
    'verb',
  ]);
  const calls = counter('calls_total', 'Requests to the source and to the target, by how they ended.', [
    'side',
    'end',
  ]);
  const passSeconds = counter('pass_seconds_total', 'What passes that went through took, all together.', []);
  const terms = counter('terms_total', 'How often it became the leader.', []);
  const lastPass = gauge('last_pass_duration_seconds', 'How long the last pass took, by part.', ['part']);
  const lastEnd = gauge('last_pass_timestamp_seconds', 'When the last pass ended, Unix time.');
  const lastSuccess = gauge('last_success_timestamp_seconds', 'When a pass went through last, Unix time.');
  const accounts = gauge('accounts', 'Accounts of the source as of the last pass, by state.', ['state']);
  const safes = gauge('safes', 'Safes as of the last pass, by state.', ['state']);
  const leader = gauge('leader', 'Whether it may write.');
  const lease = gauge(
    'lease_left_seconds',
    'How long it may write without another renewal; not a number without an election.',
  );
  const leaderless = gauge(
    'leaderless_seconds',
    'For how long nobody has been seen to lead; 0: somebody is, or there is no election.',
  );
  const healthy = gauge('healthy', 'Whether /health answers 200.');
  const paused = gauge('paused', 'Whether somebody paused it.');
  const underWay = gauge(
    'pass_under_way_seconds',
    'How long the pass under way has taken; 0: there is none.',
  );
  return async () => {
    const view = report.view();
    const { counts } = report;
    passes.reset();
    for (const end of ['done', 'stopped', 'failed', 'interrupted'] as const)
      passes.inc({ end }, counts.passes.get(end) ?? 0);
    changes.reset();
    for (const [verb, many] of counts.changes) changes.inc({ verb }, many);
    calls.reset();
    for (const [key, many] of counts.calls) {
      const [side = '', end = ''] = key.split(' ');
      calls.inc({ side, end }, many);
    }
    passSeconds.reset();
    passSeconds.inc(counts.passSeconds);
    terms.reset();
    terms.inc(counts.terms);
    setStatus(view);
    leader.set(Number(view.standing.role !== 'standby' && view.pause === null));
    lease.set(view.standing.leaseLeftMs === null ? Number.NaN : view.standing.leaseLeftMs / 1000);
    leaderless.set(view.leaderlessSince === null ? 0 : (now() - view.leaderlessSince) / 1000);
    healthy.set(Number(health().healthy));
    paused.set(Number(view.pause !== null));
    underWay.set(view.passUnderWaySince === null ? 0 : (now() - view.passUnderWaySince) / 1000);
    return { type: register.contentType, body: await register.metrics() };
  };

  function setStatus({ status }: RunView): void {
    // What is not known is left out: 0 would be 1970, and wake people on every standby.
    lastEnd.remove({});
    lastSuccess.remove({});
    if (status === null) return;
    for (const [part, seconds] of Object.entries(status.seconds)) lastPass.set({ part }, seconds);
    lastEnd.set(Date.parse(status.endedAt) / 1000);
    if (status.succeededAt !== null) lastSuccess.set(Date.parse(status.succeededAt) / 1000);
    const failing = status.failures.filter(({ account }) => account !== null).length + status.unlisted;
    const listed = status.safes.reduce((sum, safe) => sum + (safe.accounts ?? 0), 0);
    accounts.set({ state: 'failed' }, failing);
    accounts.set({ state: 'fine' }, Math.max(0, listed - failing));
    const unread = status.safes.filter(({ fault }) => fault !== null).length;
    safes.set({ state: 'unread' }, unread);
    safes.set({ state: 'read' }, status.safes.length - unread);
  }
}
