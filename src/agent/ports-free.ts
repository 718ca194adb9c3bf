import { once } from 'node:events';
import { createServer } from 'node:net';
import { describeError, Problem } from '../core/problem.ts';
import { portsInUse, portUses } from './node-options.ts';
import type { NodeOptions } from './operations.ts';

/** @throws Problem `port_taken` that names the port and its option; `config_invalid` for an address that is not ours */
export async function requireFreePorts(options: Pick<NodeOptions, 'listen' | 'ports'>): Promise<void> {
  for (const { name, port } of portsInUse(options.ports)) {
    const { option, use } = portUses[name];
    const probe = createServer();
    probe.listen({ host: options.listen, port, exclusive: true });
    try {
      await once(probe, 'listening');
    } catch (cause) {
      throw refused(cause, { option, use, place: `${options.listen}:${port}`, listen: options.listen });
    }
    probe.close();
    await once(probe, 'close');
  }
}

function refused(
  cause: unknown,
  { option, use, place, listen }: Readonly<Record<'option' | 'use' | 'place' | 'listen', string>>,
): Problem {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  if (code === 'EADDRINUSE') {
    const detail = `${option}: another program listens on ${place} (wanted for ${use}). End it, or name another port.`;
    return new Problem('port_taken', detail, { cause });
  }
  if (code === 'EADDRNOTAVAIL') {
    return new Problem('config_invalid', `--listen: ${listen} is not an address of this machine.`, { cause });
  }
  if (code === 'EACCES') {
    const detail = `${option}: ${place} is reserved for root. Name a port from 1024 on, or start as root.`;
    return new Problem('port_taken', detail, { cause });
  }
  return new Problem('config_invalid', `${option}: cannot listen on ${place}: ${describeError(cause)}.`, {
    cause,
  });
}
