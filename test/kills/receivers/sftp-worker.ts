/** The worker's rounds on SFTP servers, alone and with little time between them. */
import { pino } from 'pino';
import { loadConfig } from '../../../config/config.ts';
import { startSftpPickUp } from '../../../dispatch/sftp.ts';
import { loadCatalogue, seedCatalogue } from '../../../store/catalogue/catalogue.ts';
import { rememberedProfiles } from '../../../store/connections/lab-profiles.ts';
import { openStore } from '../../../store/open.ts';

const EVERY_MS = 50;

const config = loadConfig();
const store = await openStore(config.mongodbUri);
await seedCatalogue(store);
const { laboratoriesBySlug } = await loadCatalogue(store);
const logger = pino({ level: config.logLevel });
startSftpPickUp({ store, profiles: rememberedProfiles(store, laboratoriesBySlug), logger }, EVERY_MS);
