/** The product's API, which logs as it does in production, to where nobody reads. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startApi } from '../../api/server.ts';
import { loadConfig } from '../../config/config.ts';
import { productionLogger } from '../logging.ts';
import { serve } from '../program.ts';

serve(async () => {
  const config = loadConfig();
  const api = await startApi(config, productionLogger(config.logLevel));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  /** Since it was last asked, in milliseconds. */
  const longestDelay = () => {
    const longest = delay.max / 1e6;
    delay.reset();
    return longest;
  };
  return {
    abilities: {
      url: () => api.url,
      mllpPort: () => api.mllpPort,
      longestDelay,
      residentBytes: () => process.memoryUsage.rss(),
      /** The most since it began. */
      peakBytes: () => process.resourceUsage().maxRSS * 1024,
    },
    close: () => api.stop(),
  };
});
