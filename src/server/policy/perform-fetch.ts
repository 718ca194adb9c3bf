import type { LoaderStore } from '../../store/loader-store.ts';
import type { FetchJob, JobAnswer } from './job.ts';
export async function performFetch(_store: LoaderStore, _job: FetchJob): Promise<JobAnswer> {
  throw new Error('not yet');
}
