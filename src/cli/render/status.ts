import type { ClusterStatus, NodeStatus } from '../../agent/operations.ts';
import { renderBytes } from './bytes.ts';
import type { Style } from './style.ts';
import { type Cell, clip, renderTable } from './table.ts';

const heading = ['', 'NODE', 'ROLE', 'SYNC', 'LAG', 'TIMELINES', 'ADDRESS', 'STATE'] as const;

/**
 * A cluster as a page of text: a headline, its nodes, and what should be done.
 *
 * @param width columns of the terminal; null: lines are as long as they are
 */
export function renderStatus(status: ClusterStatus, style: Style, width: number | null = null): string {
  return [
    headline(status, style),
    ...etcdLine(status, style, width),
    '',
    ...renderTable([heading.map((text) => ({ text, paint: style.faint })), ...rows(status, style)], width),
    ...advice(status, style, width),
  ].join('\n');
}

/** `demo · term 3 · master n1 · protected` */
function headline(status: ClusterStatus, style: Style): string {
  const master = status.master === null ? style.fault('no master') : `master ${style.strong(status.master)}`;
  const verdict = status.protected ? style.good('protected') : style.warning('not protected');
  return [
    style.strong(status.cluster),
    `term ${status.term}`,
    master,
    `ttl ${status.ttlMs / 1000} s`,
    verdict,
  ].join(style.faint(' · '));
}

function etcdLine(status: ClusterStatus, style: Style, width: number | null): readonly string[] {
  if (status.etcd.length === 0) return [];
  const members = status.etcd.map(({ name, healthy, leader, learner }) => {
    const notes = [leader ? 'leader' : '', learner ? 'learner' : '', healthy ? '' : 'does not answer'];
    const said = notes.filter((note) => note !== '').join(', ');
    return said === '' ? name : `${name} (${said})`;
  });
  const line = clip(`etcd: ${members.join(', ')}`, width ?? Number.POSITIVE_INFINITY);
  return [status.etcd.every(({ healthy }) => healthy) ? style.faint(line) : style.warning(line)];
}

function rows(status: ClusterStatus, style: Style): readonly (readonly Cell[])[] {
  return status.nodes.map((node) => {
    const paint = colour(node, style);
    return [
      { text: node.role === 'down' ? '○' : '●', paint },
      { text: node.name, paint: style.strong },
      { text: node.role, paint },
      { text: synchrony(node) },
      { text: lag(node) },
      { text: node.timelines ?? '–' },
      { text: node.address, paint: style.faint },
      { text: sentence(node) },
    ];
  });
}

function colour(node: NodeStatus, style: Style): Style['good'] {
  if (node.role === 'down') return style.fault;
  if (node.role === 'starting' || node.evicted !== null) return style.warning;
  return node.role === 'master' || node.streaming ? style.good : style.warning;
}

/** `never`: declared asynchronous, so that no write ever waits for it. */
function synchrony(node: NodeStatus): string {
  if (node.role === 'master' || node.kind === 'follower') return '–';
  if (node.kind === 'asynchronous') return 'never';
  return node.synchronous ? 'yes' : 'no';
}

/** The larger of the two instances' lags that are known. */
function lag(node: NodeStatus): string {
  if (node.role === 'master') return '–';
  const known = [node.lagBytes.data, node.lagBytes.audit].filter((bytes) => bytes !== null);
  return renderBytes(known.length === 0 ? null : Math.max(...known));
}

function sentence(node: NodeStatus): string {
  return node.evicted === null ? node.because : `evicted (${node.evicted}): ${node.because}`;
}

function advice(status: ClusterStatus, style: Style, width: number | null): readonly string[] {
  if (status.advice.length === 0) return [];
  const room = width === null ? Number.POSITIVE_INFINITY : width - 2;
  return ['', ...status.advice.map((line) => `${style.warning('!')} ${clip(line, room)}`)];
}
