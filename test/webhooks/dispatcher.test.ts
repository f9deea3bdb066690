/** E4: at least once, never lost, signed; and a receiver that is slow, down or hostile delays nobody else. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import {
  type DispatcherOptions,
  RETRY_PAUSES_MS,
  startWebhookDispatcher,
  type WebhookDispatcher,
} from '../../dispatch/webhooks.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { Store } from '../../store/open.ts';
import {
  deleteEndpoint,
  rotateSecret,
  setEndpointHeaders,
  updateEndpoint,
} from '../../store/outbox/webhook-endpoints.ts';
import { recoverDeliveries } from '../../store/outbox/webhook-resend.ts';
import { replayExhausted } from '../../store/outbox/webhook-review.ts';
import { claimDue, fanOut } from '../../store/outbox/webhooks.ts';
import { newSigningSecret, SECRET_OVERLAP_MS } from '../../webhooks/signature.ts';
import { freshStore } from '../support/running/fresh-store.ts';
import {
  commit,
  deliveriesOf,
  endpointAt,
  type Received,
  type Receiver,
  silence,
  silent,
  startReceiver,
  status,
  until,
} from './scene.ts';

const svixHeaders = ({ headers }: Received) => ({
  'svix-id': String(headers['svix-id']),
  'svix-timestamp': String(headers['svix-timestamp']),
  'svix-signature': String(headers['svix-signature']),
});
const standardHeaders = ({ headers }: Received) => ({
  'webhook-id': String(headers['svix-id']),
  'webhook-timestamp': String(headers['svix-timestamp']),
  'webhook-signature': String(headers['svix-signature']),
});

describe('the webhook dispatcher', () => {
  let store: Store;
  let database: string;
  let discard: () => Promise<void>;
  let team: string;
  const dispatchers: WebhookDispatcher[] = [];
  const receivers: Receiver[] = [];

  const dispatch = (options: Partial<DispatcherOptions> = {}) => {
    const dispatcher = startWebhookDispatcher({ store, allowPrivate: true, logger: silent, pollMs: 100, ...options });
    dispatchers.push(dispatcher);
    return dispatcher;
  };
  const receive = async (...answer: Parameters<typeof startReceiver>) => {
    const receiver = await startReceiver(...answer);
    receivers.push(receiver);
    return receiver;
  };
  const stateOf = async (messageId: string) => (await deliveriesOf(store, messageId)).map(({ state }) => state);
  const delivered = (messageId: string) =>
    until(`${messageId} is delivered`, async () => {
      const states = await stateOf(messageId);
      return states.length > 0 && states.every((state) => state === 'delivered');
    });

  beforeAll(async () => {
    ({ store, database, discard } = await freshStore());
  });
  beforeEach(() => {
    team = randomUUID();
  });
  afterEach(async () => {
    await Promise.all(dispatchers.splice(0).map((dispatcher) => dispatcher.stop()));
    await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
    await store.webhookEndpoints.deleteMany({});
    await store.webhookMessages.deleteMany({});
    await store.webhookDeliveries.deleteMany({});
  });
  afterAll(() => discard());

  test('E4: a delivered webhook is verified by the svix library and by the standardwebhooks library', async () => {
    const receiver = await receive();
    const endpoint = await endpointAt(store, team, receiver.url);
    dispatch();
    const message = await commit(store, team);
    await delivered(message._id);

    const [received] = receiver.received as [Received];
    const secret = endpoint.secrets[0]?.key as string;
    expect(new SvixWebhook(secret).verify(received.body, svixHeaders(received))).toEqual(JSON.parse(message.payload));
    expect(new StandardWebhook(secret).verify(received.body, standardHeaders(received))).toEqual(
      JSON.parse(message.payload),
    );
    expect(received.headers['svix-id']).toBe(message._id);
    expect(received.headers['content-type']).toBe('application/json');
    expect(() => new SvixWebhook(newSigningSecret()).verify(received.body, svixHeaders(received))).toThrow();
  });

  test('E3: the bytes that are sent are the bytes that were stored', async () => {
    const receiver = await receive();
    await endpointAt(store, team, receiver.url);
    dispatch();
    const payload = '{ "b": 1,\n  "a" : "Zoë — 5 µg/L", "n": 1.0 }';
    const message = await commit(store, team, { payload });
    await delivered(message._id);
    expect(receiver.received[0]?.body.equals(Buffer.from(payload))).toBe(true);
  });

  test('E4: an answer that is no 2xx is tried again after each pause of the schedule, under the same id, until it is exhausted', async () => {
    const receiver = await receive(status(500));
    await endpointAt(store, team, receiver.url);
    const message = await commit(store, team);
    dispatch({ schedule: [10, 20, 30] });
    await until('exhausted', async () => (await stateOf(message._id))[0] === 'exhausted');

    const [delivery] = await deliveriesOf(store, message._id);
    expect(delivery?.attempts.map(({ status_code }) => status_code)).toEqual([500, 500, 500, 500]);
    expect(new Set(receiver.received.map(({ headers }) => headers['svix-id']))).toEqual(new Set([message._id]));
    const pauses = delivery?.attempts
      .slice(1)
      .map((attempt, i) => Number(attempt.at) - Number(delivery.attempts[i]?.at));
    for (const [i, pause] of [10, 20, 30].entries()) expect(pauses?.[i]).toBeGreaterThanOrEqual(pause);
    expect(
      await store.audit.countDocuments({ action: 'message.attempt.exhausted', 'detail.message_id': message._id }),
    ).toBe(1);
  });

  test('E4: without another schedule the pauses are 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h', async () => {
    expect(RETRY_PAUSES_MS.map((pause) => pause / 1000)).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 36_000]);
    const receiver = await receive(status(503));
    await endpointAt(store, team, receiver.url);
    const message = await commit(store, team);
    dispatch();
    const delivery = await until('the first attempt is recorded', async () =>
      (await deliveriesOf(store, message._id)).find(({ attempts }) => attempts.length === 1),
    );
    expect(Number(delivery.next_attempt_at) - Number(delivery.attempts[0]?.at)).toBeGreaterThanOrEqual(5000);
  });

  test('E4: a receiver that comes back gets what it missed', async () => {
    const receiver = await receive(status(500));
    await endpointAt(store, team, receiver.url);
    const message = await commit(store, team);
    dispatch({ schedule: Array(50).fill(20) });
    await until('two failed attempts', () => receiver.received.length >= 2);
    receiver.answerWith(status(204));
    await delivered(message._id);
    const endpoint = await store.webhookEndpoints.findOne({ team_id: team }).lean();
    expect(endpoint?.failing_since).toBeNull();
  });

  test('E4: a redirect is a failure and is not followed', async () => {
    const elsewhere = await receive();
    const receiver = await receive((_, response) => response.writeHead(307, { location: elsewhere.url }).end());
    await endpointAt(store, team, receiver.url);
    const message = await commit(store, team);
    dispatch({ schedule: [] });
    await until('exhausted', async () => (await stateOf(message._id))[0] === 'exhausted');
    expect((await deliveriesOf(store, message._id))[0]?.attempts[0]).toMatchObject({ status_code: 307, error: null });
    expect(elsewhere.received).toHaveLength(0);
  });

  test('E4: a receiver that hangs delays nobody else, and its attempt ends as a timeout', async () => {
    const hanging = await receive(silence);
    const good = await receive();
    const [hung, fine] = [team, randomUUID()];
    await endpointAt(store, hung, hanging.url);
    await endpointAt(store, fine, good.url);
    const stuck = await Promise.all(Array.from({ length: 40 }, () => commit(store, hung)));
    dispatch({ timeoutMs: 3000, schedule: [] });
    await until('the hanging receiver has all it may have', () => hanging.received.length === 8);
    const messages = await Promise.all(Array.from({ length: 40 }, () => commit(store, fine)));
    await until('everything else arrived', () => good.received.length === messages.length);
    expect(hanging.hanging.length).toBe(8);

    const ids = stuck.map(({ _id }) => _id);
    const delivery = await until('a timeout is recorded', async () =>
      collectionOf(store.webhookDeliveries)
        .findOne({ message_id: { $in: ids }, state: 'exhausted' })
        .then((found) => found ?? undefined),
    );
    expect(delivery.attempts[0]).toMatchObject({ status_code: null, error: 'timeout' });
  });

  test('E4: fifty receivers that hang share a bounded part of the lanes, and others get theirs at once', async () => {
    const hanging = await receive(silence);
    const good = await receive();
    const fine = randomUUID();
    await endpointAt(store, fine, good.url);
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const hung = randomUUID();
        await endpointAt(store, hung, hanging.url);
        for (let n = 0; n < 20; n += 1) await commit(store, hung);
      }),
    );
    dispatch({ timeoutMs: 60_000, schedule: [] });
    await until('the hanging receivers have their part', () => hanging.received.length >= 100);
    for (let wave = 1; wave <= 5; wave += 1) {
      await Promise.all(Array.from({ length: 40 }, () => commit(store, fine)));
      await until('everything else arrived', () => good.received.length === 40 * wave);
    }
    // Not one has been let go. They hold their part of the 512 lanes, and what each got before it was known to be slow.
    expect(hanging.hanging.length).toBe(hanging.received.length);
    expect(hanging.received.length).toBeLessThanOrEqual(128 + 50 * 2);
  });

  test('E4: a receiver that takes its time and says 2xx is a success: never sent again, never on the way to being disabled', async () => {
    const receiver = await receive((_, response) => void setTimeout(() => response.writeHead(200).end(), 2500));
    await endpointAt(store, team, receiver.url);
    dispatch({ schedule: [10, 10, 10] });
    const messages = await Promise.all(Array.from({ length: 6 }, () => commit(store, team)));
    for (const { _id } of messages) await delivered(_id);
    expect(receiver.received).toHaveLength(messages.length);
    const endpoint = await store.webhookEndpoints.findOne({ team_id: team }).lean();
    expect(endpoint).toMatchObject({ failing_since: null, disabled: false });
  });

  test('E4: a receiver that is gone (410) is sent nothing more; enabled again, it gets what waited', async () => {
    const receiver = await receive(status(410));
    const endpoint = await endpointAt(store, team, receiver.url);
    const first = await commit(store, team);
    dispatch({ schedule: [10, 10, 10] });
    await until('it is disabled', async () =>
      collectionOf(store.webhookEndpoints)
        .findOne({ _id: endpoint._id, disabled: true })
        .then((found) => found ?? undefined),
    );
    const second = await commit(store, team);
    await until('fanned out', async () => (await store.webhookMessages.countDocuments({ fanned_out: false })) === 0);
    expect(receiver.received).toHaveLength(1);
    receiver.answerWith(status(200));
    await updateEndpoint(store, team, endpoint._id, { disabled: false });
    await delivered(first._id);
    expect(await deliveriesOf(store, second._id)).toHaveLength(0);
    const time = { since: new Date(Date.now() - 3_600_000), until: new Date() };
    expect(await recoverDeliveries(store, endpoint, time, { limit: 100 })).toMatchObject({ recovered: 1 });
    await delivered(second._id);
  });

  test('E4: Retry-After of an overloaded receiver is kept to for everything that is sent there', async () => {
    const receiver = await receive((_, response) => response.writeHead(429, { 'retry-after': '2' }).end());
    await endpointAt(store, team, receiver.url);
    const first = await commit(store, team);
    dispatch({ schedule: Array(20).fill(10) });
    await until('it was refused', () => receiver.received.length === 1);
    receiver.answerWith(status(200));
    const second = await commit(store, team);
    await delivered(first._id);
    await delivered(second._id);
    const [refused, ...later] = receiver.received;
    for (const { at } of later) expect(Number(at) - Number(refused?.at)).toBeGreaterThanOrEqual(2000);
  });

  test('E4: a receiver that answers drop by drop is let go after the timeout; its 2xx counts', async () => {
    const receiver = await receive((_, response) => {
      response.writeHead(200);
      const dripping = setInterval(() => response.write('.'), 50);
      response.on('close', () => clearInterval(dripping));
    });
    await endpointAt(store, team, receiver.url);
    dispatch({ timeoutMs: 500 });
    const message = await commit(store, team);
    await delivered(message._id);
    expect(receiver.received).toHaveLength(1);
  });

  test('E4: an endless answer is not read to its end', async () => {
    let written = 0;
    const receiver = await receive((_, response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(64 * 1024);
      const pour = () => {
        while (!response.destroyed && written < 1e9) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', pour);
        }
      };
      pour();
    });
    await endpointAt(store, team, receiver.url);
    dispatch();
    const message = await commit(store, team);
    await delivered(message._id);
    expect(written).toBeLessThan(50e6);
  });

  test('E4: a private destination is refused at delivery, too, and is never connected to', async () => {
    const receiver = await receive();
    await endpointAt(store, team, receiver.url);
    await endpointAt(store, team, receiver.url.replace('127.0.0.1', 'localhost'));
    const message = await commit(store, team);
    dispatch({ allowPrivate: false, schedule: [] });
    await until('both exhausted', async () => (await stateOf(message._id)).join() === 'exhausted,exhausted');
    for (const { attempts } of await deliveriesOf(store, message._id)) {
      expect(attempts[0]).toMatchObject({ status_code: null, error: 'refused' });
    }
    expect(receiver.received).toHaveLength(0);
  });

  test('E4: after a rotation both secrets sign, and after the overlap only the new one', async () => {
    const receiver = await receive();
    const endpoint = await endpointAt(store, team, receiver.url);
    const older = endpoint.secrets[0]?.key as string;
    const newer = newSigningSecret();
    const rotated = await rotateSecret(store, endpoint, newer, SECRET_OVERLAP_MS);
    dispatch();
    const message = await commit(store, team);
    await delivered(message._id);
    const [first] = receiver.received as [Received];
    for (const secret of [older, newer]) {
      expect(() => new SvixWebhook(secret).verify(first.body, svixHeaders(first))).not.toThrow();
      expect(() => new StandardWebhook(secret).verify(first.body, standardHeaders(first))).not.toThrow();
    }

    await rotateSecret(store, { ...rotated, secrets: endpoint.secrets } as typeof endpoint, newer, 0);
    await delivered((await commit(store, team))._id);
    const [, second] = receiver.received as [Received, Received];
    expect(() => new SvixWebhook(newer).verify(second.body, svixHeaders(second))).not.toThrow();
    expect(() => new SvixWebhook(older).verify(second.body, svixHeaders(second))).toThrow();
  });

  test('E4: two dispatchers share the work and deliver nothing twice', async () => {
    const receiver = await receive((_, response) => setTimeout(() => response.writeHead(200).end(), 5));
    await endpointAt(store, team, receiver.url);
    dispatch();
    dispatch();
    const messages = await Promise.all(Array.from({ length: 200 }, () => commit(store, team)));
    await until(
      'all delivered',
      async () => (await store.webhookDeliveries.countDocuments({ state: 'delivered' })) === 200,
    );
    const ids = receiver.received.map(({ headers }) => headers['svix-id']);
    expect(ids.length).toBe(200);
    expect(new Set(ids)).toEqual(new Set(messages.map(({ _id }) => _id)));
  });

  test('E4: a delivery whose dispatcher died is taken over when its lease ends', async () => {
    const receiver = await receive();
    const endpoint = await endpointAt(store, team, receiver.url);
    const message = await commit(store, team);
    await fanOut(store, 10);
    const { claimed } = await claimDue(store, endpoint, 10, 2000);
    expect(claimed).toHaveLength(1);
    dispatch();
    expect((await claimDue(store, endpoint, 10, 1000)).claimed).toHaveLength(0);
    await delivered(message._id);
    expect(Number(receiver.received[0]?.at)).toBeGreaterThanOrEqual(Number(claimed[0]?.delivery.lease_until));
  });

  test('E4: what a killed process had under way is delivered by another one, under the same id', async () => {
    const receiver = await receive(silence);
    await endpointAt(store, team, receiver.url);
    const message = await commit(store, team);
    const doomed = spawn(process.execPath, [fileURLToPath(new URL('./dispatcher-process.ts', import.meta.url))], {
      env: { ...process.env, MONGODB_URI: database },
      stdio: 'ignore',
    });
    const gone = new Promise((exited) => doomed.once('exit', exited));
    await until('it is under way', () => receiver.received.length === 1);
    doomed.kill('SIGKILL');
    await gone;
    receiver.answerWith(status(200));
    dispatch();
    await delivered(message._id);
    expect(receiver.received.map(({ headers }) => headers['svix-id'])).toEqual([message._id, message._id]);
    expect((await deliveriesOf(store, message._id))[0]?.attempts).toHaveLength(1);
  });

  test('E4: a dispatcher that stops gives back what it could not end, and another one delivers it', async () => {
    const receiver = await receive(silence);
    await endpointAt(store, team, receiver.url);
    const first = dispatch();
    const message = await commit(store, team);
    await until('it is under way', () => receiver.received.length === 1);
    await first.stop();
    const [delivery] = await deliveriesOf(store, message._id);
    expect(delivery).toMatchObject({ state: 'pending', attempts: [] });
    receiver.answerWith(status(200));
    dispatch();
    await delivered(message._id);
  });

  test('E4: a message committed while no dispatcher ran is delivered by the next one', async () => {
    const receiver = await receive();
    await endpointAt(store, team, receiver.url);
    const message = await commit(store, team);
    dispatch();
    await delivered(message._id);
  });

  test('an endpoint gets only the events it asked for, only of its own team, and nothing while it is disabled', async () => {
    const wanted = await receive();
    const other = await receive();
    await endpointAt(store, team, wanted.url, { filter_types: ['labtest.order.created'] });
    await endpointAt(store, team, other.url, { disabled: true });
    await endpointAt(store, randomUUID(), other.url);
    dispatch();
    const updated = await commit(store, team);
    const created = await commit(store, team, { event_type: 'labtest.order.created' });
    await delivered(created._id);
    await until(
      'both fanned out',
      async () => (await store.webhookMessages.countDocuments({ fanned_out: false })) === 0,
    );
    expect(await deliveriesOf(store, updated._id)).toHaveLength(0);
    expect(wanted.received).toHaveLength(1);
    expect(other.received).toHaveLength(0);
  });

  test('what waits for a disabled endpoint is sent when it is switched on again; what waits for a deleted one is dropped', async () => {
    const receiver = await receive(status(500));
    const paused = await endpointAt(store, team, receiver.url);
    const doomed = await endpointAt(store, team, receiver.url);
    const message = await commit(store, team);
    dispatch({ schedule: Array(20).fill(300) });
    await until('both tried', () => receiver.received.length >= 2);
    await updateEndpoint(store, team, paused._id, { disabled: true });
    await deleteEndpoint(store, team, doomed._id);
    const of = async (id: string) =>
      (await deliveriesOf(store, message._id)).find(({ endpoint_id }) => endpoint_id === id)?.state;
    await until('dropped', async () => (await of(doomed._id)) === 'dropped');
    expect(await of(paused._id)).toBe('pending');
    receiver.answerWith(status(200));
    await updateEndpoint(store, team, paused._id, { disabled: false });
    await until('delivered', async () => (await of(paused._id)) === 'delivered');
    expect(await of(doomed._id)).toBe('dropped');
  });

  test('an endpoint’s own headers are sent along', async () => {
    const receiver = await receive();
    const endpoint = await endpointAt(store, team, receiver.url);
    await setEndpointHeaders(store, team, endpoint._id, { authorization: 'Bearer of-the-receiver' });
    dispatch();
    await delivered((await commit(store, team))._id);
    expect(receiver.received[0]?.headers.authorization).toBe('Bearer of-the-receiver');
  });

  test('rate_limit: no more attempts begin in one second than the endpoint takes, by however many dispatchers', async () => {
    const receiver = await receive();
    await endpointAt(store, team, receiver.url, { rate_limit: 5 });
    await Promise.all(Array.from({ length: 15 }, () => commit(store, team)));
    dispatch();
    dispatch();
    await until(
      'all delivered',
      async () => (await store.webhookDeliveries.countDocuments({ state: 'delivered' })) === 15,
    );
    const attempts = (await collectionOf(store.webhookDeliveries).find({ team_id: team }).toArray()).map((delivery) =>
      Number(delivery.attempts[0]?.at),
    );
    expect(Math.max(...attempts) - Math.min(...attempts)).toBeGreaterThan(1000);
  });

  test('an exhausted delivery that the operator replays is sent again', async () => {
    const receiver = await receive(status(500));
    const endpoint = await endpointAt(store, team, receiver.url);
    const message = await commit(store, team);
    dispatch({ schedule: [] });
    await until('exhausted', async () => (await stateOf(message._id))[0] === 'exhausted');
    receiver.answerWith(status(200));
    expect(await replayExhausted(store, { endpoint_id: randomUUID() })).toBe(0);
    expect(await replayExhausted(store, { endpoint_id: endpoint._id })).toBe(1);
    await delivered(message._id);
  });
});
