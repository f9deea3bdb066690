/** An API with the worker's reader of what it has acknowledged, which dies with it. */
import { pino } from 'pino';
import { startApi } from '../../../api/server.ts';
import { loadConfig } from '../../../config/config.ts';
import { startMessageReader } from '../../../dispatch/unread-messages.ts';
import { loadCatalogue } from '../../../store/catalogue/catalogue.ts';
import { rememberedProfiles } from '../../../store/connections/lab-profiles.ts';
import { openStore } from '../../../store/open.ts';

const config = loadConfig();
const logger = pino({ level: config.logLevel });
await startApi(config, logger);
const store = await openStore(config.mongodbUri);
const { laboratoriesBySlug } = await loadCatalogue(store);
startMessageReader({ store, profiles: rememberedProfiles(store, laboratoriesBySlug), logger });
