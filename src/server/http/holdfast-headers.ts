/** The caller's address in a request that another node passes on. Believed on the peer listener only. */
export const callerAddressHeader = 'x-holdfast-caller-address';

/** Marks a request that was passed on once, so that two nodes cannot send it to and fro. */
export const passedOnHeader = 'x-holdfast-passed-on';

/**
 * Marks a request that a node of the cluster makes for its operator. Believed on the peer listener only, of a request that
 * nobody passed on; never passed on itself.
 */
export const operatorHeader = 'x-holdfast-operator';

/** Of the answers of a follower: how old its data may be, in seconds. */
export const dataAgeHeader = 'x-holdfast-data-age';

/** Of an answer: this refusal came before any work, so the same request may be sent again, here or elsewhere. */
export const untouchedHeader = 'x-holdfast-untouched';
