/** Seconds. The usual bounds, with two more where reads of secrets are. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Tally {
  readonly byCode: Map<number, number>;
  /** Answers that took no longer than the bound of the same place, and longer than the one before; the last has none. */
  readonly byDuration: number[];
  seconds: number;
}

/**
 * The two figures that every answer changes: how many, and how long they took. They are kept here, because the library
 * takes a microsecond to look up its labels for each; this takes a tenth of it.
 */
export interface RequestTally {
  readonly add: (operation: string, status: number, seconds: number) => void;
  /** Both in Prometheus' text format. */
  readonly text: () => string;
}

/**
 * An empty tally. Operations must be bounded, and free of quotes, backslashes and line ends.
 *
 * @param worker a label of all samples; null: none
 */
export function requestTally(worker: number | null = null): RequestTally {
  const label = worker === null ? '' : `,worker="${worker}"`;
  const tallies = new Map<string, Tally>();
  return {
    add: (operation, status, seconds) => {
      let tally = tallies.get(operation);
      if (tally === undefined) {
        tally = { byCode: new Map(), byDuration: Array<number>(bounds.length + 1).fill(0), seconds: 0 };
        tallies.set(operation, tally);
      }
      tally.byCode.set(status, (tally.byCode.get(status) ?? 0) + 1);
      const place = bounds.findIndex((bound) => seconds <= bound);
      const at = place === -1 ? bounds.length : place;
      tally.byDuration[at] = (tally.byDuration[at] ?? 0) + 1;
      tally.seconds += seconds;
    },
    text: () => [...requestLines(tallies, label), ...durationLines(tallies, label), ''].join('\n'),
  };
}

function requestLines(tallies: ReadonlyMap<string, Tally>, label: string): readonly string[] {
  const name = 'conjur_http_server_requests_total';
  const samples = [...tallies].flatMap(([operation, { byCode }]) =>
    [...byCode].map(([code, many]) => `${name}{code="${code}",operation="${operation}"${label}} ${many}`),
  );
  return [
    `# HELP ${name} Requests that were answered, by status and route.`,
    `# TYPE ${name} counter`,
    ...samples,
  ];
}

function durationLines(tallies: ReadonlyMap<string, Tally>, label: string): readonly string[] {
  const name = 'conjur_http_server_request_duration_seconds';
  const samples = [...tallies].flatMap(([operation, { byDuration, seconds }]) => {
    let many = 0;
    const buckets = byDuration.map((here, at) => {
      many += here;
      return `${name}_bucket{le="${bounds[at] ?? '+Inf'}",operation="${operation}"${label}} ${many}`;
    });
    const labels = `{operation="${operation}"${label}}`;
    return [...buckets, `${name}_sum${labels} ${seconds}`, `${name}_count${labels} ${many}`];
  });
  const about = 'Time from the first byte of a request to the last of its answer, by route.';
  return [`# HELP ${name} ${about}`, `# TYPE ${name} histogram`, ...samples];
}
