/** What an election is told, and the sidecar about itself. The first names are those of the shell sidecar. */
export const electionRows = {
  serviceName: {
    env: 'CONSUL_LEADER_SERVICE_NAME',
    flag: 'service-name',
    fallback: 'consul-leader',
    about: 'the service: names the session, and the key unless that is told',
  },
  key: {
    env: 'CONSUL_LEADER_KEY',
    flag: 'key',
    fallback: '/consul-leader/<service name>/lock (/consul-leader/lock where the name is the default)',
    about: 'the key to lock',
  },
  primaryLabel: {
    env: 'CONSUL_LEADER_PRIMARY_LABEL',
    flag: 'primary-label',
    fallback: 'primary',
    about: 'the tag of the leader',
  },
  replicaLabel: {
    env: 'CONSUL_LEADER_REPLICA_LABEL',
    flag: 'replica-label',
    fallback: '',
    about: 'the tag of the others; empty: none',
  },
  ttl: {
    env: 'CONSUL_LEADER_TTL',
    flag: 'ttl',
    fallback: '15s',
    about: 'the TTL of the session: 10s to 24h, and lower where the servers allow it (session_ttl_min)',
  },
  sleep: {
    env: 'CONSUL_LEADER_SLEEP',
    flag: 'sleep',
    fallback: '10',
    about:
      'seconds between two renewals of the session; less than the TTL, so a TTL of 10s needs a shorter one',
  },
  lockDelay: {
    env: 'CONSUL_LEADER_LOCKDELAY',
    flag: 'lock-delay',
    fallback: '0s',
    about: 'how long Consul keeps a lock from others after a session ended without releasing it',
  },
  logLevel: {
    env: 'CONSUL_LEADER_LOG_LEVEL',
    flag: 'log-level',
    fallback: 'warn',
    about: 'debug, info, warn, error',
    isShared: true,
  },
  allocId: {
    env: 'NOMAD_ALLOC_ID',
    flag: 'alloc-id',
    fallback: '',
    about: 'the Nomad allocation whose service it is',
  },
  allocDir: {
    env: 'NOMAD_ALLOC_DIR',
    flag: 'alloc-dir',
    fallback: '',
    about: 'where a file with the name of the allocation is touched on becoming leader',
  },
  serviceId: {
    env: 'CONSUL_LEADER_SERVICE_ID',
    flag: 'service-id',
    fallback: '',
    about: 'the id of the service, where Nomad does not give it; else the name and the port say which it is',
  },
  servicePort: {
    env: 'CONSUL_LEADER_SERVICE_PORT',
    flag: 'service-port',
    fallback: '',
    about: 'the port of the service, where several have the same name',
  },
  health: {
    env: 'CONSUL_LEADER_HEALTH',
    flag: 'health',
    fallback: 'passing',
    about:
      'passing: a task with a critical check gives leadership up, and waits until it is well; ignore: it leads on',
  },
  sessionChecks: {
    env: 'CONSUL_LEADER_SESSION_CHECKS',
    flag: 'session-checks',
    fallback: 'none',
    about:
      'what else ends the session in Consul: none, node (the agent is lost), service (its checks), node,service; set a lock-delay of the TTL then',
  },
  onElected: {
    env: 'CONSUL_LEADER_ON_ELECTED',
    flag: 'on-elected',
    fallback: '',
    about: 'a command to run on becoming leader',
  },
  onDeposed: {
    env: 'CONSUL_LEADER_ON_DEPOSED',
    flag: 'on-deposed',
    fallback: '',
    about: 'a command to run when leading ends, before another can lead',
  },
  exec: {
    env: 'CONSUL_LEADER_EXEC',
    flag: 'exec',
    fallback: '',
    about: 'the task: runs only while this contender leads',
  },
  taskStop: {
    env: 'CONSUL_LEADER_TASK_STOP',
    flag: 'task-stop',
    fallback: 'with --exec or --on-deposed 2s, or a sixth of the TTL if that is less; else 0s',
    about: 'how long the task and the last command may take to end; authority ends so much earlier',
  },
  http: {
    env: 'CONSUL_LEADER_HTTP',
    flag: 'http',
    fallback: '',
    about: 'HOST:PORT for /health, /leader and /metrics; empty: none',
    isShared: true,
  },
} as const;
