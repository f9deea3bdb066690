/** A dispatcher in a process of its own, to be killed: `MONGODB_URI=… node dispatcher-process.ts`. */
import pino from 'pino';
import { startWebhookDispatcher } from '../../dispatch/webhooks.ts';
import { openStore } from '../../store/open.ts';

openStore(process.env.MONGODB_URI as string).then((store) =>
  startWebhookDispatcher({
    store,
    allowPrivate: true,
    logger: pino({ level: 'silent' }),
    timeoutMs: 1000,
    schedule: [],
  }),
);
