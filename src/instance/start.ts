import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describeError, Problem } from '../core/problem.ts';
import { spawnDependent } from '../runtime/dependent-child.ts';
import { readFileIfThere } from '../runtime/files.ts';
import type { DynamicConfiguration } from './configuration.ts';
import { replicationConninfo } from './conninfo.ts';
import { requireNoStrays } from './kill.ts';
import { placeholderName } from '../core/failover/eligibility.ts';
import { readInterruption } from './markers.ts';
import { removeStaleLocks } from './postmaster-file.ts';
import { readProcess } from '../runtime/process-facts.ts';
import { RunningInstance } from './running-instance.ts';
import { logServerOutput } from './server-output.ts';
import { type InstanceSettings, inPgdata, pgdata, type Upstream } from './settings.ts';
import { synchronousNamesValue } from './synchronous-names.ts';
import { trimStubs } from './timeline-stubs.ts';
import { writeConfiguration, writeStandbySignal } from './write-configuration.ts';

/** What the instance is started as. There is no default: nobody becomes a primary by leaving something out. */
export type StartRole =
  /** Read-write at once. `synchronousNames` must all confirm each commit; with the placeholder, none is acknowledged. */
  | { readonly kind: 'primary'; readonly synchronousNames: readonly string[] }
  /** Read-only; streams from `upstream`, or from nobody for now. */
  | { readonly kind: 'standby'; readonly upstream: Upstream | null; readonly slotName: string | null };

export interface StartOptions {
  readonly role: StartRole;
  /** What the kernel sends to the postmaster when this process dies. SIGQUIT reaches the backends too. */
  readonly deathSignal?: 'SIGQUIT' | 'SIGKILL';
}

/**
 * Starts the postmaster and returns as soon as it runs; `ready()` waits until it accepts connections.
 *
 * @throws Problem `instance_strays`: processes of an earlier life are alive. `port_taken`. `instance_failed`: there is no
 * data directory, it is half-made, or the postmaster could not be started.
 */
export async function startInstance(
  settings: InstanceSettings,
  options: StartOptions,
): Promise<RunningInstance> {
  requireNoStrays(settings);
  await requireWhole(settings, options.role);
  await requireFreePort(settings);
  const standby = options.role.kind === 'standby';
  const dynamic = firstConfiguration(settings, options.role);
  await writeConfiguration(settings, dynamic);
  await writeStandbySignal(settings, standby);
  if (standby) await trimStubs(settings);
  await removeStaleLocks(settings);
  return launch(settings, options, dynamic);
}

async function launch(
  settings: InstanceSettings,
  options: StartOptions,
  dynamic: DynamicConfiguration,
): Promise<RunningInstance> {
  const child = spawnDependent([join(settings.binDir, 'postgres'), '-D', pgdata(settings)], {
    runAs: settings.runAs,
    deathSignal: options.deathSignal ?? 'SIGQUIT',
    cwd: settings.dir,
  });
  const output = logServerOutput([child.stdout, child.stderr], settings.log, settings.name);
  if (child.pid === undefined) {
    const [error] = await once(child, 'error');
    throw new Problem('instance_failed', `${settings.name} instance: ${describeError(error)}`, {
      cause: error,
    });
  }
  child.on('error', (error) => settings.log.warn({ instance: settings.name, err: error }, 'postmaster'));
  // Read before anything is awaited: the child cannot have been reaped yet, so the entry is its own.
  const facts = readProcess(child.pid);
  if (facts === null) throw new Problem('instance_failed', `${settings.name} instance: it ended at once`);
  settings.log.info(
    { instance: settings.name, pid: child.pid, role: options.role.kind },
    'postmaster started',
  );
  return new RunningInstance(settings, child, facts, output, dynamic);
}

function firstConfiguration(settings: InstanceSettings, role: StartRole): DynamicConfiguration {
  if (role.kind === 'primary') {
    return {
      primaryConninfo: '',
      primarySlotName: '',
      synchronousStandbyNames: synchronousNamesValue(role.synchronousNames),
    };
  }
  return {
    primaryConninfo: role.upstream === null ? '' : replicationConninfo(settings, role.upstream),
    primarySlotName: role.slotName ?? '',
    // So that a promotion acknowledges nothing from its first moment, whatever the checkpointer is busy with.
    synchronousStandbyNames: synchronousNamesValue([placeholderName]),
  };
}

async function requireWhole(settings: InstanceSettings, role: StartRole): Promise<void> {
  if ((await readFileIfThere(inPgdata(settings, 'PG_VERSION'))) === null) {
    throw new Problem('instance_failed', `${pgdata(settings)} holds no PostgreSQL data directory.`);
  }
  const interruption = await readInterruption(settings);
  if (interruption?.startable === false) {
    throw new Problem(
      'instance_failed',
      `${pgdata(settings)}: ${interruption.sentence}; it has to be copied before it can start.`,
    );
  }
  const fresh = (await readFileIfThere(inPgdata(settings, 'backup_label'))) !== null;
  if (role.kind === 'primary' && fresh) {
    throw new Problem(
      'instance_failed',
      `${pgdata(settings)} is a base backup that has not been recovered yet; start it as a standby first.`,
    );
  }
}

/** @throws Problem `port_taken` when somebody listens there: told before PostgreSQL buries it in its log. */
async function requireFreePort(settings: InstanceSettings): Promise<void> {
  const probe = createServer();
  probe.listen({ host: settings.listenHost, port: settings.port, exclusive: true });
  try {
    await once(probe, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    const place = `${settings.listenHost}:${settings.port}`;
    if (code === 'EADDRINUSE') {
      throw new Problem(
        'port_taken',
        `${settings.name} instance: another program listens on ${place}; end it or choose another port.`,
      );
    }
    throw new Problem('instance_failed', `${settings.name} instance: cannot listen on ${place}`, {
      cause: error,
    });
  }
  probe.close();
  await once(probe, 'close');
}
