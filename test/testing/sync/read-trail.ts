import { openClient } from '../../../src/store/connection.ts';
import type { DemoCluster } from '../demo-cluster.ts';
import { trailOf } from '../trail.ts';
import type { TrailRecord } from './trail-check.ts';

/** The updates of variables and changes of policies that succeeded, as the master's trail has them. */
export async function readTrail(demo: DemoCluster): Promise<readonly TrailRecord[]> {
  const sql = openClient(trailOf(demo, demo.master?.name ?? ''), { name: 'test' });
  try {
    return await sql<TrailRecord[]>`
      select id::int, "timestamp"::text, sdata -> 'auth@43868' ->> 'user' as user,
        sdata -> 'action@43868' ->> 'operation' as operation,
        coalesce(sdata -> 'subject@43868' ->> 'resource', sdata -> 'subject@43868' ->> 'role', '') as subject,
        sdata -> 'policy@43868' ->> 'id' as policy
      from all_messages
      where sdata -> 'action@43868' ->> 'result' = 'success'
        and (msgid = 'update' or (msgid = 'policy' and sdata ? 'policy@43868'))
      order by id`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
