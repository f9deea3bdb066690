/** The worker's reader of messages that were acknowledged before they were read, alone. */
import { setTimeout as pause } from 'node:timers/promises';
import { startMessageReader } from '../../dispatch/unread-messages.ts';
import { loadCatalogue } from '../../store/catalogue/catalogue.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { rememberedProfiles } from '../../store/connections/lab-profiles.ts';
import { closeStore, openStore } from '../../store/open.ts';
import { productionLogger } from '../logging.ts';
import { serve } from '../program.ts';

serve(async () => {
  const store = await openStore(process.env.MONGODB_URI as string);
  const { laboratoriesBySlug } = await loadCatalogue(store);
  const inbox = { store, profiles: rememberedProfiles(store, laboratoriesBySlug), logger: productionLogger('warn') };
  const unread = () => collectionOf(store.labMessageTexts).countDocuments({ to_read: { $exists: true } });
  return {
    abilities: {
      /** Reads for so many milliseconds. @returns how many messages a second */
      async readFor(ms: number): Promise<number> {
        const before = await unread();
        const began = performance.now();
        const reader = startMessageReader(inbox);
        await pause(ms);
        await reader.stop();
        return ((before - (await unread())) / (performance.now() - began)) * 1_000;
      },
    },
    close: () => closeStore(store),
  };
});
