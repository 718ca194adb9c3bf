import type { PushOutcome } from '../../core/audit/pushed.ts';
import { Problem } from '../../core/problem.ts';
import { signedBy } from '../../identity/audit-signature.ts';
import { limited } from '../../runtime/limited.ts';
import { takePushed } from '../../store/audit-intake.ts';
import { jsonAnswer } from '../answers/answer.ts';
import { readPush } from '../audit/pushed-body.ts';
import { auditRecord } from '../audit/record.ts';
import { peerCertificate, peerNode } from '../http/peer-node.ts';
import { json, listOf } from '../http/route-about.ts';
import type { Call, Route } from '../http/route.ts';

const bodyLimitBytes = 16 * 1024 * 1024;

/** `POST /holdfast/audit/records`: a follower hands its audit records to the master. Of nodes only. */
export const auditIntakeRoute: Route = {
  method: 'POST',
  url: '/holdfast/audit/records',
  effect: 'write',
  token: 'none',
  bodyLimitBytes,
  about: {
    summary: 'Takes the audit records of a follower. Needs the certificate of a node.',
    group: 'Node',
    body: json('Records of one or more chains.', listOf({ type: 'object' })),
    answers: {
      200: json('What became of each chain.', listOf({ type: 'object' })),
      401: 'No certificate of the cluster.',
    },
  },
  handle: async (call) => {
    const { request, context } = call;
    const node = peerNode(request);
    const certificate = peerCertificate(request);
    if (node === null || certificate === null) {
      throw new Problem(
        'certificate_required',
        'Only nodes of the cluster hand audit records in, by their certificate.',
      );
    }
    const pushed = readPush(request.body);
    const isMember = context.serving.view().state?.members.includes(node) ?? false;
    const by = { sender: { node, isMember, certificate }, judge: signedBy };
    const outcomes = await inOrderOf(node)(() =>
      context.store.intake.transaction(async (sql) => {
        const taken: PushOutcome[] = [];
        for (const chain of pushed) {
          const { node: writer, chain: name } = chain;
          if ('unreadable' in chain)
            taken.push({ node: writer, chain: name, stored: false, because: 'malformed', seq: null });
          else taken.push(await takePushed(sql, by, chain));
        }
        return taken;
      }),
    );
    await recordRefusals(call, node, outcomes);
    return jsonAnswer(outcomes);
  },
};

/** By the names of nodes, of which a cluster has a few. */
const queues = new Map<string, ReturnType<typeof limited>>();
/** A keeper has two under way, and a connection that broke may have left one. */
const waitingMost = 3;

/** A node sends the next push before the answer to the last: they are stored in the order in which they came. */
function inOrderOf(node: string): ReturnType<typeof limited> {
  const queue =
    queues.get(node) ??
    limited(1, waitingMost, () => new Problem('server_busy', `Too many pushes of ${node} wait already.`));
  queues.set(node, queue);
  return queue;
}

const namedChains = 5;

/** What a node tries to put into the trail and may not is itself something for the trail: a record for each push. */
async function recordRefusals(call: Call, node: string, outcomes: readonly PushOutcome[]): Promise<void> {
  const refusals = outcomes.flatMap((outcome) =>
    outcome.stored || outcome.because === 'gap' ? [] : [outcome],
  );
  const [first] = refusals;
  if (first === undefined) return;
  const named = refusals
    .slice(0, namedChains)
    .map(({ node: writer, chain, because }) => `${writer} ${chain} (${because})`);
  const more = refusals.length > namedChains ? ` and ${refusals.length - namedChains} more` : '';
  const record = auditRecord(call, {
    msgid: 'audit',
    operation: 'push',
    user: `node ${node}`,
    subject: { node: first.node, chain: first.chain, refused: String(refusals.length) },
    failure: new Problem('operation_refused', `${named.join(', ')}${more}`),
    sentence: '',
    attempt: `node ${node} tried to push audit records`,
  });
  try {
    await call.context.store.audit.append([record], 'replicated');
  } catch (error) {
    // What was taken stays taken, and the node must hear so. What was refused comes again, and is noted then.
    call.context.logFault(error);
  }
}
