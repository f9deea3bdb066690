/** Where laboratories deliver over MLLP: G1, F5, F12 on a wire where the only answer is an acknowledgment. */
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { pino } from 'pino';
import { type MllpPatience, type MllpServer, startMllpServer } from '../../api/inbound/mllp-server.ts';
import { startMessageReader } from '../../dispatch/unread-messages.ts';
import type { MllpSender } from '../../domain/catalogue/lab-connection.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { findLabConnection, setLabConnection } from '../../store/connections/lab-connections.ts';
import { rememberedProfiles } from '../../store/connections/lab-profiles.ts';
import { listRefusedMessages } from '../../store/inbox/inbox-review.ts';
import { allRead } from '../support/all-read.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { until } from '../support/until.ts';

const pem = (name: string) => readFileSync(join(import.meta.dirname, '../support/tls', name), 'utf8');
const frame = (text: string) => Buffer.from(`\x0b${text}\x1c\r`);
const ANYONE_HERE = { addresses: ['127.0.0.0/8'], certificate: null };

let api: TestApi;
let server: MllpServer;
let reader: ReturnType<typeof startMessageReader>;
const others: MllpServer[] = [];
const sockets: Socket[] = [];

const inbox = () => ({
  store: api.store,
  profiles: rememberedProfiles(api.store, api.catalogue.laboratoriesBySlug),
  logger: pino({ level: 'silent' }),
  laboratories: api.catalogue.laboratoriesBySlug,
});

const start = (tls: { cert: Buffer; key: Buffer } | null = null, patience?: MllpPatience) =>
  startMllpServer(inbox(), { host: '127.0.0.1', port: 0, tls }, patience);

/** From now on these may send; what is known counts for a second. */
async function allow(senders: Record<string, MllpSender | null>): Promise<void> {
  for (const [lab, mllp] of Object.entries(senders)) {
    const known = await findLabConnection(api.store, lab, 'sandbox');
    const orders = { kind: 'mllp', host: '127.0.0.1', port: 9, tls: null } as const;
    const fresh = {
      lab_slug: lab,
      environment: 'sandbox',
      orders,
      acknowledges: 'answer',
      http: null,
      sftp: null,
    } as const;
    await setLabConnection(api.store, { ...(known ?? fresh), mllp });
  }
}

beforeAll(async () => {
  api = await startTestApi();
  await allow({ labcorp: ANYONE_HERE });
  server = await start();
  reader = startMessageReader(inbox());
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const other of others.splice(0)) await other.stop();
});

afterAll(async () => {
  await server.stop();
  await reader.stop();
  await api.close();
});

/** The other end: what it has heard so far, as whole frames. */
function peer(port = server.port, tls?: object) {
  const socket = tls ? connectTls({ host: '127.0.0.1', port, ...tls }) : connect(port, '127.0.0.1');
  sockets.push(socket);
  let heard = '';
  const state = { isClosed: false };
  socket.on('data', (piece) => {
    heard += piece;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    state.isClosed = true;
  });
  const frames = () =>
    heard
      .split('\x0b')
      .slice(1)
      .filter((each) => each.endsWith('\x1c\r'))
      .map((each) => `\x0b${each}`);
  return {
    socket,
    send: (bytes: Buffer | string) => socket.write(bytes),
    frames,
    answers: (count: number) => until(() => frames().length >= count && frames()),
    closed: () => until(() => state.isClosed),
  };
}

let written = 0;
/** A message with results of no order, which are kept for people. */
function message(facility = 'LABCORP|LABCORP BURLINGTON', more = ''): { control_id: string; text: string } {
  written += 1;
  const control_id = `MLLP-${written}`;
  const lines = [
    `MSH|^~\\&|${facility}|VENULE|1|20261101080000||ORU^R01^ORU_R01|${control_id}|P|2.5.1`,
    'PID|1||1||Bell^Ana||19850312|F',
    `OBR|1|VN${written}||1^X^L|||20261101|||||||||||||||20261101||F|F`,
    `OBX|1|NM|2345-7^Glucose^LN||${written}|mg/dL|||||F${more}`,
  ];
  return { control_id, text: lines.join('\r') };
}

async function inInbox(...ids: string[]): Promise<number> {
  await allRead(api.store);
  return api.store.labMessages.countDocuments({ control_id: { $in: ids } });
}

test('a message is stored once, as it came, and then acknowledged', async () => {
  const { control_id, text } = message();
  const lab = peer();
  lab.send(frame(text));
  const [answer] = await lab.answers(1);
  expect(answer).toMatch(new RegExp(`^\\x0bMSH\\|.*\\rMSA\\|AA\\|${control_id}\\r\\x1c\\r$`));
  expect(await inInbox(control_id)).toBe(1);
  const hash = createHash('sha256').update(text).digest('hex');
  expect(await api.store.labMessageTexts.findById(hash).lean()).toMatchObject({ raw: text, lab_slug: 'labcorp' });
  lab.send(frame(text));
  expect((await lab.answers(2))[1]).toContain(`MSA|AA|${control_id}`);
  expect(await inInbox(control_id)).toBe(1);
});

test('cut at every byte, two in one packet, noise between them, and a second one later', async () => {
  const [one, two, three, four] = [message(), message(), message(), message()];
  const lab = peer();
  lab.socket.setNoDelay(true);
  for (const byte of frame(one.text)) {
    lab.send(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await lab.answers(1);
  lab.send(Buffer.concat([frame(two.text), Buffer.from('\r\n'), frame(three.text)]));
  await lab.answers(3);
  lab.send(frame(four.text));
  const answers = await lab.answers(4);
  const sent = [one, two, three, four].map(({ control_id }) => control_id);
  expect(answers.map((answer) => /MSA\|AA\|([^\r]+)/.exec(answer)?.[1])).toEqual(sent);
  expect(await inInbox(...sent)).toBe(4);
});

test('what is no HL7 is kept and refused, and the next message is taken', async () => {
  const good = message();
  const lab = peer();
  lab.send(Buffer.concat([frame('hello'), frame(''), frame(good.text)]));
  const answers = await lab.answers(3);
  expect(answers[0]).toContain('MSA|AR|');
  expect(answers[1]).toContain('MSA|AR|');
  expect(answers[2]).toContain(`MSA|AA|${good.control_id}`);
  const hash = createHash('sha256').update('hello').digest('hex');
  await allRead(api.store);
  expect((await listRefusedMessages(api.store, { lab_slug: 'labcorp' }, 5)).map(({ _id }) => _id)).toContain(hash);
});

test('a message over the limit is refused in few words, and its size, hash, and beginning are kept', async () => {
  const good = message();
  const long = `${message().text}\rNTE|1|L|${'x'.repeat(32 * 1024 * 1024)}`;
  const lab = peer();
  lab.send(Buffer.concat([frame(long), frame(good.text)]));
  const [refusal, taken] = await lab.answers(2);
  expect(refusal).toMatch(/MSA\|AR\|MLLP-\d+.*32 MB/s);
  expect(taken).toContain(`MSA|AA|${good.control_id}`);
  const hash = createHash('sha256').update(long).digest('hex');
  const kept = await api.store.labMessageTexts.findById(hash).lean();
  expect(kept).toMatchObject({ bytes: long.length, raw: long.slice(0, 64 * 1024) });
});

describe('who may send', () => {
  test('a peer whose address no connection names is closed, and nothing is kept', async () => {
    await allow({ labcorp: { addresses: ['203.0.113.7'], certificate: null } });
    const strange = await start();
    others.push(strange);
    const { control_id, text } = message();
    const lab = peer(strange.port);
    lab.send(frame(text));
    await lab.closed();
    expect(lab.frames()).toEqual([]);
    expect(await inInbox(control_id)).toBe(0);
    await allow({ labcorp: ANYONE_HERE });
  });

  test('a permission that is withdrawn counts on open connections within a second', async () => {
    const own = await start();
    others.push(own);
    const lab = peer(own.port);
    lab.send(frame(message().text));
    await lab.answers(1);
    await allow({ labcorp: null });
    await until(() => {
      lab.send(frame(message().text));
      return lab.socket.closed;
    });
    await allow({ labcorp: ANYONE_HERE });
  });

  test('laboratories that share an address are told apart by MSH-3 and MSH-4; what names none of them is kept and refused', async () => {
    await allow({ labcorp: ANYONE_HERE, quest: ANYONE_HERE });
    const quest = api.catalogue.laboratoriesBySlug.get('quest')?.hl7;
    const ours = message(`${quest?.application}^1.2^ISO|${quest?.facility.toLowerCase()}`);
    const nobody = message('SOMEBODY|ELSE');
    const own = await start();
    others.push(own);
    const lab = peer(own.port);
    lab.send(Buffer.concat([frame(ours.text), frame(nobody.text)]));
    const [taken, refused] = await lab.answers(2);
    expect(taken).toContain('MSA|AA|');
    await allRead(api.store);
    expect(await api.store.labMessages.findOne({ control_id: ours.control_id }).lean()).toMatchObject({
      lab_slug: 'quest',
    });
    expect(refused).toMatch(/MSA\|AR\|.*MSH-3 and MSH-4/s);
    expect(await inInbox(nobody.control_id)).toBe(0);
    const hash = createHash('sha256').update(nobody.text).digest('hex');
    expect(await api.store.labMessageTexts.findById(hash).lean()).toMatchObject({
      refused: expect.stringContaining('MSH^1^4'),
    });
    await allow({ quest: null });
  });

  test('over TLS a laboratory is known by its certificate, from any address', async () => {
    const tls = { cert: Buffer.from(pem('server.cert.pem')), key: Buffer.from(pem('server.key.pem')) };
    const certificate = new X509Certificate(pem('laboratory.cert.pem')).fingerprint256
      .replaceAll(':', '')
      .toLowerCase();
    await allow({ labcorp: { addresses: [], certificate } });
    const secure = await start(tls);
    others.push(secure);
    const shown = { cert: pem('laboratory.cert.pem'), key: pem('laboratory.key.pem'), ca: pem('server.cert.pem') };
    const { control_id, text } = message();
    const lab = peer(secure.port, shown);
    lab.send(frame(text));
    expect((await lab.answers(1))[0]).toContain(`MSA|AA|${control_id}`);
    for (const other of [{}, { cert: pem('server.cert.pem'), key: pem('server.key.pem') }]) {
      const stranger = peer(secure.port, { ca: pem('server.cert.pem'), ...other });
      stranger.send(frame(message().text));
      await stranger.closed();
      expect(stranger.frames()).toEqual([]);
    }
    await allow({ labcorp: ANYONE_HERE });
  });
});

describe('trouble', () => {
  test('database away: no acknowledgment, and the connection is closed, so the lab keeps its message', async () => {
    const { control_id, text } = message();
    const lab = peer();
    lab.send(frame(message().text));
    await lab.answers(1);
    const inserts = jest
      .spyOn(collectionOf(api.store.labMessageTexts), 'insertOne')
      .mockRejectedValue(new Error('away'));
    lab.send(frame(text));
    await lab.closed();
    inserts.mockRestore();
    expect(lab.frames()).toHaveLength(1);
    expect(await inInbox(control_id)).toBe(0);
    const again = peer();
    again.send(frame(text));
    expect((await again.answers(1))[0]).toContain(`MSA|AA|${control_id}`);
  });

  test('a message that does not go on is given up, and a quiet connection is not', async () => {
    const impatient = await start(null, { stalled: 150, stopping: 10_000 });
    others.push(impatient);
    const [quiet, stalled] = [peer(impatient.port), peer(impatient.port)];
    stalled.send('\x0bMSH|^~\\&|');
    await stalled.closed();
    const { control_id, text } = message();
    quiet.send(frame(text));
    expect((await quiet.answers(1))[0]).toContain(`MSA|AA|${control_id}`);
  });

  test('a message that takes us longer than a peer may take is acknowledged all the same', async () => {
    const impatient = await start(null, { stalled: 50, stopping: 10_000 });
    others.push(impatient);
    const collection = collectionOf(api.store.labMessageTexts);
    const insertOne = collection.insertOne.bind(collection);
    const slow = jest.spyOn(collection, 'insertOne').mockImplementation(async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return insertOne(...given);
    });
    const lab = peer(impatient.port);
    const { control_id, text } = message();
    lab.send(frame(text));
    expect((await lab.answers(1))[0]).toContain(`MSA|AA|${control_id}`);
    slow.mockRestore();
  });

  test('whoever speaks something else is closed', async () => {
    const lab = peer();
    lab.send('GET / HTTP/1.1\r\n'.repeat(10_000));
    await lab.closed();
  });

  test('the same message twenty times at once is there once, and each is acknowledged', async () => {
    const { control_id, text } = message();
    const labs = Array.from({ length: 20 }, () => peer());
    for (const lab of labs) lab.send(frame(text));
    for (const lab of labs) expect((await lab.answers(1))[0]).toContain(`MSA|AA|${control_id}`);
    expect(await inInbox(control_id)).toBe(1);
  });

  test('one address has so many connections, and not more', async () => {
    const own = await start();
    others.push(own);
    const first = peer(own.port);
    first.send(frame(message().text));
    await first.answers(1);
    const many = Array.from({ length: 40 }, () => peer(own.port));
    await until(() => many.filter(({ socket }) => socket.closed).length === 40 - 31);
    first.send(frame(message().text));
    await first.answers(2);
  });

  test('a server that stops acknowledges what it is taking in, and closes', async () => {
    const own = await start();
    const lab = peer(own.port);
    lab.send(frame(message().text));
    await lab.answers(1);
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const collection = collectionOf(api.store.labMessageTexts);
    const insertOne = collection.insertOne.bind(collection);
    let isHeld = false;
    const spy = jest.spyOn(collection, 'insertOne').mockImplementation(async (...given) => {
      isHeld = true;
      await held;
      return insertOne(...given);
    });
    const { control_id, text } = message();
    lab.send(frame(text));
    await until(() => isHeld);
    const stopped = own.stop();
    go();
    await stopped;
    spy.mockRestore();
    expect((await lab.answers(2))[1]).toContain(`MSA|AA|${control_id}`);
    await lab.closed();
    expect(await inInbox(control_id)).toBe(1);
  });
});
