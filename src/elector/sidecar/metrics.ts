import type { Contender } from './contender.ts';

/**
 * What is measured, in the text form of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). Written by
 * hand: a library for it would take more memory than the sidecar.
 */
export function metricsText(contenders: readonly Contender[]): string {
  const lines: string[] = [];
  const family = (
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[],
  ): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of samples) lines.push(`${name}${labelText(labels)} ${value}`);
  };
  const each = (
    value: (contender: Contender) => number,
  ): readonly (readonly [Readonly<Record<string, string>>, number])[] =>
    contenders.map((contender) => [{ election: contender.settings.serviceName }, value(contender)]);
  family(
    'holdfast_elect_leader',
    'gauge',
    'Whether this contender leads.',
    each((one) => Number(one.standing()?.isLeading ?? false)),
  );
  family(
    'holdfast_elect_authority_seconds',
    'gauge',
    'How long it may lead without another renewal.',
    each((one) => (one.standing()?.authorityLeftMs ?? 0) / 1000),
  );
  family(
    'holdfast_elect_session',
    'gauge',
    'Whether it has a session.',
    each((one) => Number((one.standing()?.sessionId ?? null) !== null)),
  );
  family(
    'holdfast_elect_fit',
    'gauge',
    'Whether its task may lead.',
    each((one) => Number((one.standing()?.unfitBecause ?? null) === null)),
  );
  family(
    'holdfast_elect_elections_total',
    'counter',
    'How often it became leader.',
    each(({ counts }) => counts.elections),
  );
  family(
    'holdfast_elect_marks_written_total',
    'counter',
    'How often it wrote the service entry.',
    each(({ counts }) => counts.marksWritten),
  );
  const calls = contenders.flatMap(({ settings, counts }) =>
    [...counts.calls].flatMap(([call, { answered, failed }]) => {
      const labels = { election: settings.serviceName, call };
      return [
        [{ ...labels, outcome: 'answered' }, answered],
        [{ ...labels, outcome: 'failed' }, failed],
      ] as const;
    }),
  );
  family('holdfast_elect_calls_total', 'counter', 'Calls to the store.', calls);
  family('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [
    [{}, process.memoryUsage.rss()],
  ]);
  return `${lines.join('\n')}\n`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
