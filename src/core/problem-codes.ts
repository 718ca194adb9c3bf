/**
 * Every code a Problem can carry, with its kind. Codes are stable: users search for them. One table for the whole
 * product; keep it sorted.
 */
export const problemKinds = {
  certificate_invalid: 'invalid',
  command_failed: 'internal',
  command_timeout: 'timeout',
  config_invalid: 'usage',
  directory_not_ours: 'usage',
  instance_failed: 'internal',
  instance_unavailable: 'unavailable',
  missing_binary: 'usage',
  port_taken: 'usage',
  store_rejected: 'internal',
  store_unavailable: 'unavailable',
  token_invalid: 'unauthenticated',
  usage: 'usage',
} as const;

export type ProblemCode = keyof typeof problemKinds;
