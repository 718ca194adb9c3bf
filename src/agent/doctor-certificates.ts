import { readFile } from 'node:fs/promises';
import { isProblem } from '../core/problem.ts';
import { describeCertificate } from '../identity/certificate.ts';
import { checkCertificate } from '../identity/check-certificate.ts';
import { checkClientCertificate } from '../identity/check-client-certificate.ts';
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

/** What an external etcd is talked to with: in date, and a pair. Whether etcd takes it shows when the cluster is asked. */
export async function checkEtcdCertificates(layout: NodeLayout, nowMs: number): Promise<readonly Finding[]> {
  const area = 'etcd certificate';
  const { etcdTls } = layout;
  const files = [etcdTls.ca, etcdTls.cert, etcdTls.key];
  const read = await Promise.allSettled(files.map((path) => readFile(path, 'utf8')));
  const advice = "Put valid files in their place (the key's mode is 600), and restart the node.";
  const missing = files.filter((_, at) => read[at]?.status === 'rejected');
  if (missing.length > 0) return [fault(area, `${missing.join(', ')} cannot be read`, advice)];
  const [caPem = '', certPem = '', keyPem = ''] = read.map((one) =>
    one.status === 'fulfilled' ? one.value : '',
  );
  const faults = checkClientCertificate({ caPem, certPem, keyPem, nowMs, warnDays });
  if (faults.length === 0) return [ok(area, `good until ${expiry(certPem)}`)];
  return faults.map(({ fatal, file, what }) =>
    (fatal ? fault : warning)(area, `${etcdTls[file]} ${what}`, advice),
  );
}

function expiry(pem: string): string {
  try {
    return describeCertificate(pem).notAfter.toISOString().slice(0, 10);
  } catch (error) {
    if (!isProblem(error)) throw error;
    return 'an unknown day';
  }
}
