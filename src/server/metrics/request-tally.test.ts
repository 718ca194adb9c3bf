import assert from 'node:assert/strict';
import { it } from 'node:test';
import { requestTally } from './request-tally.ts';

it('writes counters and cumulative buckets as Prometheus reads them', () => {
  const tally = requestTally();
  tally.add('getSecret', 200, 0.001);
  tally.add('getSecret', 200, 0.002);
  tally.add('getSecret', 404, 60);
  const lines = tally.text().split('\n');
  assert.ok(lines.includes('# TYPE conjur_http_server_requests_total counter'));
  assert.ok(lines.includes('conjur_http_server_requests_total{code="200",operation="getSecret"} 2'));
  assert.ok(lines.includes('conjur_http_server_requests_total{code="404",operation="getSecret"} 1'));
  const buckets = lines.filter((line) => line.includes('_bucket{')).map((line) => line.split(/[" ]/)[1]);
  assert.equal(buckets.length, 14);
  const bucket = (le: string): string | undefined =>
    lines
      .find((line) => line.includes(`le="${le}",`))
      ?.split(' ')
      .at(-1);
  assert.deepEqual(['0.001', '0.0025', '10', '+Inf'].map(bucket), ['1', '2', '2', '3']);
  const name = 'conjur_http_server_request_duration_seconds';
  assert.ok(lines.includes(`${name}_sum{operation="getSecret"} 60.003`));
  assert.ok(lines.includes(`${name}_count{operation="getSecret"} 3`));
  assert.equal(lines.at(-1), '', 'each line ends');
});
