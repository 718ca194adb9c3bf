import { readFile } from 'node:fs/promises';
import { isProblem } from '../core/problem.ts';
import { describeCertificate } from '../identity/certificate.ts';
import { checkCertificate } from '../identity/check-certificate.ts';
import { type Finding, fault, ok, warning } from './doctor-finding.ts';
import type { NodeLayout } from './layout.ts';

const warnDays = 30;

/** The node's certificate: from this cluster's authority, in date, for all the names it is reached by, with its key. */
export async function checkCertificates(
  layout: NodeLayout,
  names: readonly string[],
  nowMs: number,
): Promise<readonly Finding[]> {
  const area = 'certificate';
  const files = [layout.tls.cert, layout.tls.ca, layout.tls.key];
  const read = await Promise.allSettled(files.map((path) => readFile(path, 'utf8')));
  const missing = files.filter((_, at) => read[at]?.status === 'rejected');
  if (missing.length > 0) {
    return [
      fault(
        area,
        `${missing.join(', ')} cannot be read`,
        'Restore the directory tls, or make the node anew.',
      ),
    ];
  }
  const [pem = '', caPem = '', privateKeyPem = ''] = read.map((one) =>
    one.status === 'fulfilled' ? one.value : '',
  );
  const faults = checkCertificate({ pem, caPem, privateKeyPem, names, nowMs, warnDays });
  if (faults.length === 0) return [ok(area, `good until ${expiry(pem)}`)];
  return faults.map(({ fatal, kind, sentence }) => (fatal ? fault : warning)(area, kind, sentence));
}

function expiry(pem: string): string {
  try {
    return describeCertificate(pem).notAfter.toISOString().slice(0, 10);
  } catch (error) {
    if (!isProblem(error)) throw error;
    return 'an unknown day';
  }
}
