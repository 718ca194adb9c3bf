import { isIP } from 'node:net';
import {
  assertHaproxySettings,
  type BalancedNode,
  type Endpoint,
  type HaproxySettings,
} from './haproxy-settings.ts';

const defaultCheckIntervalMs = 200;
const defaultMaxConnections = 4_000;

/**
 * The configuration of a load balancer in front of a cluster (HAProxy 2.6 or newer; "manual" below is
 * docs.haproxy.org/2.6/configuration.html). TLS passes through untouched, so client certificates work end to end.
 *
 * Everybody who may become master is listed, and the answer to a health check decides who is: HAProxy is never told of
 * a failover. Streaming asks `/health/replication`, open as soon as a node holds the leader key, since a new master opens
 * its API only once a standby streams.
 *
 * @throws Problem `config_invalid` for a value that HAProxy would misread, and for a cluster without candidates
 */
export function haproxyConfig(settings: HaproxySettings): string {
  assertHaproxySettings(settings);
  const { api, followers, dataPostgres, auditPostgres, peer, stats } = settings.frontends;
  // Asynchronous standbys are among them: an operator may promote one, and until then its checks fail.
  const candidates = settings.nodes.filter(({ kind }) => kind !== 'follower');
  const readers = settings.nodes.filter(({ kind }) => kind === 'follower');
  return [
    preamble(settings),
    frontend('api', api, 'api_master'),
    apiBackend('api_master', candidates, settings),
    ...(followers === undefined
      ? []
      : [frontend('followers', followers, 'api_followers'), apiBackend('api_followers', readers, settings)]),
    frontend('data', dataPostgres, 'data_master'),
    streamingBackend(candidates, settings),
    frontend('audit', auditPostgres, 'audit_master'),
    trackingBackend('audit_master', [streamingTimeout], candidates, ({ auditPort }) => auditPort),
    ...(peer === undefined
      ? []
      : [
          frontend('peer', peer, 'peer_master'),
          trackingBackend('peer_master', [], candidates, ({ peerPort }) => peerPort),
        ]),
    ...(stats === undefined ? [] : [statsFrontend(stats)]),
  ].join('\n');
}

function preamble(settings: HaproxySettings): string {
  return `# Written by Holdfast (holdfast lb haproxy); changes made here are lost when it is written anew.

global
    maxconn ${settings.maxConnections ?? defaultMaxConnections}
    log stdout format raw local0 notice
    # After a reload the old process checks nobody any more: its sessions must not stay with a master that has gone.
    hard-stop-after 30s
    ssl-default-server-options ssl-min-ver TLSv1.2
${systemUser(settings)}
defaults
    mode tcp
    log global
    # A client that drops off the network sends nothing, not even an end: keep-alive probes find out.
    option clitcpka
    clitcpka-idle 30s
    clitcpka-intvl 10s
    clitcpka-cnt 3
    timeout connect 1s
    # For idle keep-alive connections to the API; streaming has its own.
    timeout client 5m
    timeout server 5m
    timeout check ${checkTimeoutMs(settings)}ms
    retries 3
    option redispatch 1
    ${defaultServer(settings)}
`;
}

/**
 * The first failed check is made sure of by a second one soon after, so that one slow answer cuts nobody off; the first
 * good answer is believed, since only a node with authority gives it. Sessions to a node that is down are cut: they would
 * otherwise hang on a master that is none any more.
 */
function defaultServer(settings: HaproxySettings): string {
  const interval = intervalMs(settings);
  const sooner = Math.max(20, Math.round(interval / 4));
  return `default-server inter ${interval}ms fastinter ${sooner}ms downinter ${interval}ms fall 2 rise 1 on-marked-down shutdown-sessions init-addr libc,none`;
}

function systemUser({ systemUser: user }: HaproxySettings): string {
  return user === undefined ? '' : `    user ${user}\n    group ${user}\n`;
}

function frontend(name: string, { host, port }: Endpoint, backend: string): string {
  return `frontend ${name}
    bind ${listening(host, port)}
    default_backend ${backend}
`;
}

function apiBackend(name: string, nodes: readonly BalancedNode[], settings: HaproxySettings): string {
  const lines = nodes.map(
    (node) =>
      `    server ${node.name} ${address(node.host, node.apiPort)} ${checked(settings)} ${downInterval(settings)}`,
  );
  return [
    `backend ${name}`,
    '    balance leastconn',
    // A master that has handed over answers 404 for a moment: nothing new goes there, and what is under way may end.
    '    http-check disable-on-404',
    ...healthCheck('/health/clients', settings),
    ...lines,
    '',
  ].join('\n');
}

/** Clients wait for the next master from the moment it opens its API: it is looked for twice as often. */
function downInterval(settings: HaproxySettings): string {
  return `downinter ${Math.max(20, Math.round(intervalMs(settings) / 2))}ms`;
}

/** Checks go to the API port, the connections to PostgreSQL's. */
function streamingBackend(nodes: readonly BalancedNode[], settings: HaproxySettings): string {
  const lines = nodes.map(
    (node) =>
      `    server ${node.name} ${address(node.host, node.dataPort)} ${checked(settings)} port ${node.apiPort}`,
  );
  return [
    'backend data_master',
    streamingTimeout,
    ...healthCheck('/health/replication', settings),
    ...lines,
    '',
  ].join('\n');
}

/** Nothing is checked twice: a TLS handshake five times a second has its price on the node (manual, "track"). */
function trackingBackend(
  name: string,
  more: readonly string[],
  nodes: readonly BalancedNode[],
  portOf: (node: BalancedNode) => number,
): string {
  const lines = nodes.map(
    (node) => `    server ${node.name} ${address(node.host, portOf(node))} track data_master/${node.name}`,
  );
  return [`backend ${name}`, ...more, ...lines, ''].join('\n');
}

/**
 * A WAL receiver reports every 10 s, but pg_rewind and a base backup can be silent for long while they read. Once both
 * ends have spoken, this takes the place of both other timeouts (manual, "timeout tunnel").
 */
const streamingTimeout = '    timeout tunnel 1h';

function healthCheck(path: string, settings: HaproxySettings): readonly string[] {
  return [
    '    option httpchk',
    `    http-check send meth GET uri ${path} ver HTTP/1.1 hdr Host ${settings.dnsName}`,
    '    http-check expect status 200',
  ];
}

function checked(settings: HaproxySettings): string {
  const { dnsName, caFile } = settings;
  return `check check-ssl check-sni ${dnsName} verify required ca-file '${caFile}' verifyhost ${dnsName}`;
}

function statsFrontend({ host, port }: Endpoint): string {
  return `frontend stats
    mode http
    bind ${listening(host, port)}
    timeout client 10s
    timeout http-request 5s
    http-request use-service prometheus-exporter if { path /metrics }
    stats enable
    stats uri /
    stats refresh 5s
`;
}

function intervalMs(settings: HaproxySettings): number {
  return settings.checkIntervalMs ?? defaultCheckIntervalMs;
}

/** A handshake and an answer on a machine under full load take a while; a stopped process never answers. */
function checkTimeoutMs(settings: HaproxySettings): number {
  return Math.max(500, 2 * intervalMs(settings));
}

function listening(hosts: string, port: number): string {
  return hosts
    .split(',')
    .map((host) => address(host, port))
    .join(',');
}

function address(host: string, port: number): string {
  return isIP(host) === 6 ? `ipv6@[${host}]:${port}` : `${host}:${port}`;
}
