import { formatLogPosition } from '../../core/log-position.ts';
import { Problem } from '../../core/problem.ts';
import { jsonAnswer } from '../answers/answer.ts';
import { peerNode } from '../http/peer-node.ts';
import { anyText, json, objectOf } from '../http/route-about.ts';
import type { Route } from '../http/route.ts';

/** `GET /holdfast/position`: how far the master is, for followers. Of nodes only. */
export const positionRoute: Route = {
  method: 'GET',
  url: '/holdfast/position',
  token: 'none',
  about: {
    summary: 'Where the log of the master ends. Needs the certificate of a node.',
    group: 'Node',
    answers: {
      200: json('The place.', objectOf({ position: anyText })),
      401: 'No certificate of the cluster.',
    },
  },
  handle: async ({ request, context }) => {
    if (peerNode(request) === null) {
      throw new Problem('certificate_required', 'Only nodes of the cluster are told, by their certificate.');
    }
    if (request.servedAs?.role !== 'master') {
      throw new Problem('node_not_serving', 'This node is no master.');
    }
    const position = await context.store.positions.written();
    if (position === null)
      throw new Problem('store_unavailable', 'The database does not say where its log ends.');
    return jsonAnswer({ position: formatLogPosition(position) });
  },
};
