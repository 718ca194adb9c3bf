/** Why an address cannot be listened on, and the way out. */
export function listenFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
  switch (code) {
    case 'EADDRINUSE':
      return 'cannot be listened on: something else listens there. Choose another port.';
    case 'EADDRNOTAVAIL':
      return 'cannot be listened on: this machine has no such address. Name one of its own, or 0.0.0.0.';
    case 'EACCES':
      return 'cannot be listened on: this user may not. Choose a port above 1023.';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'cannot be listened on: the name does not resolve. Write an address.';
    default:
      return `cannot be listened on (${code}). Choose another address.`;
  }
}
