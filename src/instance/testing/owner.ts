import { createLogger } from '../../runtime/log.ts';
import type { InstanceSettings } from '../settings.ts';
import { startReady } from './lab.ts';

/** A process that owns an instance: its settings come as the first argument; it says `ready` and waits for its end. */
const settings: Omit<InstanceSettings, 'log'> = JSON.parse(process.argv[2] ?? '{}');
const log = createLogger({ name: 'owner', level: 'fatal' });
await startReady({ ...settings, log }, { kind: 'primary', synchronousNames: [] });
process.stdout.write('ready\n');
