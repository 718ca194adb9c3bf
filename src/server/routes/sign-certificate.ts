import { commonNameMax, hostNames } from '../../core/ca/host-names.ts';
import { isoDurationSeconds } from '../../core/ca/iso-duration.ts';
import { type FullId, fullId, kindOf } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { HostAuthority } from '../../identity/host-certificate.ts';
import { limited } from '../../runtime/limited.ts';
import { readAccess } from '../../store/access.ts';
import { resourceExists } from '../../store/exists.ts';
import { readSigningService, type SigningService } from '../../store/signing-services.ts';
import { type Answer, jsonAnswer } from '../answers/answer.ts';
import { forbidden, RecordNotFound } from '../answers/refusals.ts';
import { auditRecord } from '../audit/record.ts';
import { bodyFields, textField } from '../http/body-fields.ts';
import { accountOfPath, pathPart } from '../http/parameters.ts';
import { anyText, fields, objectOf } from '../http/route-about.ts';
import type { CallerCall, Route } from '../http/route.ts';

const pemType = 'application/x-pem-file';
const requestLimit = 16 * 1024;
const longestTtlSeconds = 100 * 365 * 24 * 3600;
/** Each signature is two processes. */
const inTurn = limited(
  4,
  100,
  () => new Problem('server_busy', 'Too many certificates wait to be signed; try again.'),
);

/** `POST /ca/:account/:service/sign`: a certificate for the host that asks. */
export const signCertificateRoute: Route = {
  method: 'POST',
  url: '/ca/:account/:service/sign',
  token: 'required',
  about: {
    summary:
      'Signs a certificate request of the calling host; it has `sign` on the webservice `conjur/<service>/ca`, whose annotations name key and certificate.',
    group: 'Certificates',
    body: fields('The request (PEM), and how long the certificate is to be good (ISO 8601, such as `P6M`).', {
      ...objectOf({ csr: anyText, ttl: anyText }),
    }),
    answers: {
      201: {
        about: 'The certificate: PEM when Accept names its type, else in JSON.',
        content: { 'application/json': objectOf({ certificate: anyText }), [pemType]: anyText },
      },
      403: 'The caller is no host, has not `sign`, or its request is signed by another key.',
      404: 'There is no such webservice.',
      422: '`csr` or `ttl` is missing or wrong, or the authority is not set up.',
    },
  },
  handle: async (call) => {
    const { store } = call.context;
    const account = accountOfPath(call.request);
    const service = serviceOf(call);
    const authority = await store.reads.run(async (sql) => {
      if (!(await resourceExists(sql, service))) throw new RecordNotFound(service);
      const access = await readAccess(sql, call.caller.roleId, 'sign', service);
      if (!access.allowed || kindOf(call.caller.roleId) !== 'host') throw forbidden();
      return readSigningService(sql, store.dataKey, account, service);
    });
    const { csr, ttlSeconds } = asked(call);
    const names = hostNames(call.caller.roleId, pathPart(call.request, 'service'));
    if (names.commonName.length > commonNameMax) {
      throw new Problem(
        'content_unprocessable',
        `The name "${names.commonName}" is longer than the ${commonNameMax} letters that a certificate can hold.`,
      );
    }
    // Loaded with the first request: most workers never hear one, and each should start at once.
    const { issueHostCertificate } = await import('../../identity/host-certificate.ts');
    const certificate = await inTurn(async () => {
      await requireOwnSignature(csr);
      return issueHostCertificate({
        requestPem: csr,
        authority: usable(authority),
        ...names,
        ttlSeconds: Math.min(ttlSeconds, longestOf(authority)),
      });
    });
    return certificateAnswer(call, certificate);
  },
  audit: (call, failure) => {
    const user = call.caller.roleId;
    const service = serviceOf(call);
    return [
      auditRecord(call, {
        msgid: 'ca',
        operation: 'sign',
        user,
        subject: { resource: service, role: user },
        failure,
        sentence: `${user} got a certificate signed by ${service}`,
        attempt: `${user} tried to get a certificate signed by ${service}`,
      }),
    ];
  },
};

function serviceOf({ request }: CallerCall): FullId {
  return fullId(pathPart(request, 'account'), 'webservice', `conjur/${pathPart(request, 'service')}/ca`);
}

/** @throws Problem `argument_invalid` */
function asked({ request }: CallerCall): { readonly csr: string; readonly ttlSeconds: number } {
  const body = bodyFields(request);
  const csr = textField(body, 'csr');
  if (csr === null || csr.length > requestLimit) {
    throw new Problem('argument_invalid', 'csr: name a certificate request (PEM)');
  }
  const ttlSeconds = isoDurationSeconds(textField(body, 'ttl') ?? '');
  if (ttlSeconds === null || ttlSeconds < 1) {
    throw new Problem('argument_invalid', 'ttl: name an ISO 8601 duration of a second or more, such as P6M');
  }
  return { csr, ttlSeconds: Math.min(ttlSeconds, longestTtlSeconds) };
}

/** @throws Problem `forbidden` when somebody else's key has signed it; `argument_invalid` when it is none */
async function requireOwnSignature(csr: string): Promise<void> {
  const { judgeRequest } = await import('../../identity/host-certificate.ts');
  const verdict = await judgeRequest(csr);
  if (verdict === 'forged') throw forbidden();
  if (verdict === 'unreadable') {
    throw new Problem('argument_invalid', 'csr: this is no certificate request (PEM, PKCS #10)');
  }
}

/** @throws Problem `content_unprocessable` that names what is missing */
function usable({ chain, key, keyPassword }: SigningService): HostAuthority {
  if (chain === null) throw notSetUp('ca/certificate-chain');
  if (key === null) throw notSetUp('ca/private-key');
  return { chainPem: chain.toString(), keyPem: key, keyPassword };
}

function longestOf({ maxTtl }: SigningService): number {
  const seconds = isoDurationSeconds(maxTtl ?? '');
  if (seconds === null || seconds < 1) throw notSetUp('ca/max_ttl');
  return seconds;
}

function notSetUp(annotation: string): Problem {
  const what = annotation === 'ca/max_ttl' ? 'an ISO 8601 duration' : 'a variable that has a value';
  return new Problem(
    'content_unprocessable',
    `The certificate authority is not set up: its annotation ${annotation} must name ${what}.`,
  );
}

function certificateAnswer({ request }: CallerCall, certificate: string): Answer {
  if (!(request.headers.accept ?? '').includes(pemType)) return jsonAnswer({ certificate }, 201);
  return { status: 201, headers: { 'content-type': pemType }, body: certificate };
}
