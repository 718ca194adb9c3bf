import type { Look } from '../conjur/look.ts';

/** What is seen of an election in which nobody leads, and nobody has led. */
export const freeLook: Look = {
  lock: { holder: null, token: '1', isUnsettled: false, cursor: 'free' },
  expiration: null,
  leader: null,
  freeAtMs: null,
  clearedAtMs: null,
};
