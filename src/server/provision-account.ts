import type { Secret } from '../core/secret.ts';
import type { WorkerSettings } from '../core/serving.ts';
import { readDataKey } from '../store/data-key.ts';
import { provision } from '../store/provision.ts';

/**
 * Makes the account of a new cluster in the two local databases of its first master; see `provision`. The entry point for
 * `holdfast init`, which knows the settings of a worker and nothing of the store.
 *
 * @returns the API key of the user `admin`: shown once, kept nowhere else in the clear
 * @throws Problem `account_exists`, `argument_invalid`, `data_key_invalid`, `store_unavailable`
 */
export async function provisionAccount(
  settings: Pick<WorkerSettings, 'account' | 'dataKeyFile' | 'postgres'>,
): Promise<{ readonly adminApiKey: Secret<string> }> {
  const { socketDir, dataPort, auditPort } = settings.postgres;
  return provision({
    data: { socketDir, port: dataPort },
    audit: { socketDir, port: auditPort },
    account: settings.account,
    dataKey: await readDataKey(settings.dataKeyFile),
  });
}
