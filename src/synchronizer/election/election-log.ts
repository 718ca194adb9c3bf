import type { ElectorLog } from '../../elector/log.ts';
import type { Logger } from '../../runtime/log.ts';

/** What an election says, in the log of a synchronizer. */
export function electionLog(log: Logger): ElectorLog {
  return {
    debug: (sentence) => log.debug(sentence),
    info: (sentence) => log.info(sentence),
    warn: (sentence) => log.warn(sentence),
    error: (sentence) => log.error(sentence),
  };
}
