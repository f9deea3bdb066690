/** A laboratory with an SFTP server: orders are dropped, acknowledgments and results picked up; never half, never twice. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { startSftpPickUp } from '../../dispatch/sftp.ts';
import type { LabConnection } from '../../domain/catalogue/lab-connection.ts';
import { newMemory, type PickUpMemory, pickUp } from '../../intake/sftp-pick-up.ts';
import { pickUpTroubles } from '../../store/alerts/pick-ups.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { findLabConnection, setLabConnection } from '../../store/connections/lab-connections.ts';
import { rememberedProfiles } from '../../store/connections/lab-profiles.ts';
import { listRefusedMessages } from '../../store/inbox/inbox-review.ts';
import { labMessage } from '../support/partners/lab-message.ts';
import { startSftpServer, type TestSftpServer } from '../support/partners/sftp-server.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { pendingActivities } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const lab = 'labcorp';
const EVERY_MS = 200;
const never = new AbortController().signal;

let venule: InProcessVenule;
let sftp: TestSftpServer;
let known: LabConnection;
const inbox = () => ({
  store: venule.store,
  profiles: rememberedProfiles(venule.store, venule.catalogue.laboratoriesBySlug),
  logger: pino({ level: 'silent' }),
});
const FOLDERS = { folder: '/results', archive: '/results/done' };
const at = (...names: string[]) => path.join(sftp.root, ...names);
/** Names without the time and the random digits that the archive has before them. */
const plain = (name: string) => name.replace(/^\.?\d{8}T\d{6}Z-[\da-f]{12}-/, '');
const named = (folder: string) => fs.readdir(at(folder)).then((names) => names.sort());
/** The files of the pick-up folder. */
const archived = async () => (await named('results/done')).map(plain).sort();
const left = async () => (await named('results')).filter((name) => name !== 'done');

async function connect(changes: Partial<LabConnection> = {}): Promise<void> {
  await setLabConnection(venule.store, {
    ...known,
    orders: { kind: 'sftp', server: sftp.server, folder: '/orders' },
    acknowledges: 'later',
    sftp: { server: sftp.server, ...FOLDERS },
    ...changes,
  });
}

beforeAll(async () => {
  venule = await startVenule();
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'sftp-'));
  await fs.mkdir(path.join(root, 'orders'));
  await fs.mkdir(path.join(root, 'results', 'done'), { recursive: true });
  sftp = await startSftpServer(root);
  known = (await findLabConnection(venule.store, lab, 'sandbox')) as LabConnection;
});
beforeEach(() => connect());
afterAll(async () => {
  await setLabConnection(venule.store, known);
  await sftp.close();
  await fs.rm(sftp.root, { recursive: true });
  await venule.close();
});

/** A round of a worker. */
const round = (memory: PickUpMemory, firstTryMs?: number) => {
  const connection = { lab_slug: lab, environment: 'sandbox', sftp: { server: sftp.server, ...FOLDERS } } as const;
  return pickUp(inbox(), connection, memory, never, firstTryMs);
};

/** Two rounds of a worker: a file that nobody has changed in between is taken. */
async function rounds(memory = newMemory(), firstTryMs?: number) {
  await round(memory, firstTryMs);
  return round(memory, firstTryMs);
}

test('an order is dropped whole, once; its acknowledgment is a file, and so are its results', async () => {
  const picking = startSftpPickUp(inbox(), EVERY_MS);
  try {
    const order = await venule.place();
    const [file = ''] = await until(async () => {
      const names = await named('orders');
      return names.length > 0 && names.every((name) => name.endsWith('.hl7')) && names;
    });
    const sent = await fs.readFile(at('orders', file), 'utf8');
    expect(sent).toContain(`ORC|NW|${order.placer_order_number}`);
    expect(file).toBe(`${sent.split('|')[9]}.hl7`);
    await until(async () =>
      (await pendingActivities(venule.workflow(order))).some(
        ({ type, attempt }) => type === 'submitOrder' && attempt > 2,
      ),
    );
    expect(await named('orders')).toEqual([file]);
    await fs.unlink(at('orders', file));

    const header = 'MSH|^~\\&|LAB|LAB|VENULE|1|20261121090000||ACK|A-1|P|2.5.1';
    await fs.writeFile(at('results', 'ack.hl7'), `${header}\rMSA|AA|${sent.split('|')[9]}\r`);
    await venule.reaches(order.id, 'requisition_created');
    await fs.writeFile(at('results', 'result.hl7'), labMessage(venule.catalogue, order));
    await venule.reaches(order.id, 'completed');
    await until(async () => (await left()).length === 0);
    expect(await named('orders')).toEqual([]);
    await until(async () => (await archived()).join() === 'ack.hl7,result.hl7');
  } finally {
    await picking.stop();
  }
});

test('the laboratory’s own requisition comes in the file of an acknowledgment, and is kept before that counts', async () => {
  const order = await venule.place();
  const [file = ''] = await until(async () => {
    const names = await named('orders');
    return names.length > 0 && names.every((name) => name.endsWith('.hl7')) && names;
  });
  const pdf = Buffer.concat([Buffer.from('%PDF-1.7 '), Buffer.alloc(20 * 1024 * 1024, '%')]);
  const header = 'MSH|^~\\&|LAB|LAB|VENULE|1|20261121090000||ORR^O02|A-1|P|2.5.1';
  const document = `OBX|1|ED|REQ^Form^L||^application^pdf^Base64^${pdf.toString('base64')}`;
  const control_id = file.replace('.hl7', '');
  await fs.writeFile(at('results', 'ack.hl7'), `${header}\rMSA|AA|${control_id}\r${document}\r`);
  const refuse = jest
    .spyOn(collectionOf(venule.store.labRequisitions), 'updateOne')
    .mockRejectedValue(new Error('away'));
  expect(await rounds()).toMatchObject({ taken: 0, troubles: [{ step: 'store' }] });
  expect((await venule.store.orderMessages.findById(control_id).orFail().lean()).said).toBeNull();
  refuse.mockRestore();
  expect(await round(newMemory())).toMatchObject({ taken: 1 });
  await venule.reaches(order.id, 'requisition_created');
  const kept = await venule.store.labRequisitions.find({ order_id: order.id }).lean();
  expect(kept).toMatchObject([{ bytes: pdf.length, media_type: 'application/pdf', unusable_because: null }]);
  await fs.unlink(at('orders', file));
});

test('F4: an error in an acknowledgment has the order dropped again, as a file of its own, whatever became of the first', async () => {
  const picking = startSftpPickUp(inbox(), EVERY_MS);
  try {
    const order = await venule.place();
    const dropped = (count: number) =>
      until(async () => {
        const names = await named('orders');
        return names.length === count && names.every((name) => name.endsWith('.hl7')) && names;
      });
    const [file = ''] = await dropped(1);
    const sent = await fs.readFile(at('orders', file), 'utf8');
    const acknowledge = (code: string) => {
      const header = `MSH|^~\\&|LAB|LAB|VENULE|1|20261121090000||ACK|${code}-1|P|2.5.1`;
      return fs.writeFile(at('results', `${code}.hl7`), `${header}\rMSA|${code}|${sent.split('|')[9]}|words\r`);
    };
    await acknowledge('AE');
    const both = await dropped(2);
    expect(both).toEqual([file.replace('.hl7', '-2.hl7'), file]);
    expect(await fs.readFile(at('orders', both[0] ?? ''), 'utf8')).toBe(sent);
    await until(async () => (await pendingActivities(venule.workflow(order))).some(({ attempt }) => attempt > 4));
    expect(await named('orders')).toEqual(both);
    await acknowledge('AA');
    await venule.reaches(order.id, 'requisition_created');
    for (const name of both) await fs.unlink(at('orders', name));
  } finally {
    await picking.stop();
  }
});

test('with a laboratory that never acknowledges, the file under its final name makes the requisition', async () => {
  await connect({ acknowledges: 'none' });
  const order = await venule.place();
  await venule.reaches(order.id, 'requisition_created');
  const names = await named('orders');
  expect(names).toHaveLength(1);
  await fs.unlink(at('orders', names[0] ?? ''));
});

test('half-written files are left alone: hidden and temporary names, and whatever still grows', async () => {
  for (const name of ['.result.hl7', 'result.hl7.part', 'result.tmp', 'grows.hl7'])
    await fs.writeFile(at('results', name), 'MSH');
  const memory = newMemory();
  for (let size = 4; size < 8; size += 1) {
    expect(await round(memory)).toEqual({ taken: 0, troubles: [] });
    await fs.writeFile(at('results', 'grows.hl7'), 'M'.repeat(size));
  }
  expect(await left()).toHaveLength(4);
  for (const name of await left()) await fs.unlink(at('results', name));
});

test('what is no message is kept as refused, with its file in the archive; a name that came before is no reason to lose it', async () => {
  await fs.writeFile(at('results', 'twice.hl7'), 'not a message');
  await rounds();
  const [kept] = await listRefusedMessages(venule.store, { lab_slug: lab }, 1);
  expect(kept?.refused).toContain('MSH^1');
  await fs.writeFile(at('results', 'twice.hl7'), 'another one');
  await rounds();
  expect(await left()).toEqual([]);
  const both = (await named('results/done')).filter((name) => plain(name) === 'twice.hl7');
  const texts = await Promise.all(both.map((name) => fs.readFile(at('results/done', name), 'utf8')));
  expect(texts.sort()).toEqual(['another one', 'not a message']);
});

test('database away, or killed, after the claim: the next round takes the file in, and nothing is there twice', async () => {
  await connect({ acknowledges: 'none' });
  const order = await venule.place();
  await venule.reaches(order.id, 'requisition_created');
  const control_id = `SFTP-${order.id}`;
  await fs.writeFile(at('results', 'claimed.hl7'), labMessage(venule.catalogue, order, { control_id }));
  const inserts = jest.spyOn(collectionOf(venule.store.labMessages), 'insertOne').mockRejectedValue(new Error('away'));
  expect(await rounds()).toMatchObject({ taken: 0, troubles: [{ step: 'store' }] });
  inserts.mockRestore();
  expect((await left()).map(plain)).toEqual(['claimed.hl7.taking']);
  expect(await archived()).not.toContain('claimed.hl7');
  expect(await venule.store.labMessages.countDocuments({ control_id })).toBe(0);
  await rounds();
  await venule.reaches(order.id, 'completed');
  // Killed between taking it in and giving it its name: it is taken in again.
  const [done = ''] = (await named('results/done')).filter((name) => plain(name) === 'claimed.hl7');
  await fs.rename(at('results/done', done), at('results', `.${done}.taking`));
  await rounds();
  expect(await named('results/done')).toContain(done);
  expect(await venule.store.labMessages.countDocuments({ control_id })).toBe(1);
});

test('two workers at once take each file once', async () => {
  const workers = [startSftpPickUp(inbox(), EVERY_MS), startSftpPickUp(inbox(), EVERY_MS)];
  try {
    const texts = Array.from({ length: 12 }, (_, n) => `not a message ${n}`);
    for (const [n, text] of texts.entries()) await fs.writeFile(at('results', `many-${n}.hl7`), text);
    await until(async () => (await left()).length === 0);
    expect((await archived()).filter((name) => name.startsWith('many-'))).toHaveLength(texts.length);
  } finally {
    for (const worker of workers) await worker.stop();
  }
});

describe('G1: a file with which something is wrong keeps no other from being taken', () => {
  const leave = async (...names: string[]) => {
    for (const [n, name] of names.entries()) {
      await fs.writeFile(at('results', name), `not a message either: ${name}`);
      await fs.utimes(at('results', name), n, n);
    }
  };
  afterEach(async () => {
    for (const fault of Object.values(sftp.faults)) fault.clear();
    for (const name of await left()) await fs.unlink(at('results', name));
  });

  test('cannot be claimed, or read: the others are taken, operators are told, and it is taken once it can be', async () => {
    sftp.faults.fixed.add('locked.hl7');
    sftp.faults.unreadable.add('broken.hl7');
    await leave('broken.hl7', 'locked.hl7', 'first.hl7');
    const picking = startSftpPickUp(inbox(), EVERY_MS);
    const told = () => pickUpTroubles(venule.store, new Date(Date.now() + 60_000));
    try {
      await until(async () => (await archived()).includes('first.hl7'));
      await leave('second.hl7');
      await until(async () => (await archived()).includes('second.hl7'));
      expect(await told()).toMatchObject([{ _id: 'labcorp:sandbox', lab_slug: lab, files: 2 }]);
      for (const fault of Object.values(sftp.faults)) fault.clear();
      await until(async () => (await left()).length === 0 && (await told()).length === 0);
      expect(await archived()).toEqual(expect.arrayContaining(['broken.hl7', 'locked.hl7']));
    } finally {
      await picking.stop();
    }
  });

  test('is slow: the others have their turn first, in this round and the next', async () => {
    sftp.faults.hanging.add('slow.hl7');
    await leave('slow.hl7', 'quick.hl7');
    const memory = newMemory();
    expect(await rounds(memory, 2_000)).toMatchObject({
      taken: 1,
      troubles: [{ step: 'read', reason: 'TimeoutError' }],
    });
    expect(await archived()).toContain('quick.hl7');
    sftp.faults.hanging.clear();
    await leave('quicker.hl7');
    expect(await rounds(memory, 2_000)).toEqual({ taken: 1, troubles: [] });
    expect(await left()).toEqual([]);
  });

  test('cannot be archived: it is stored once, and not read again for that', async () => {
    sftp.faults.fixed.add('/results/done/');
    await leave('stays.hl7');
    const memory = newMemory();
    expect(await rounds(memory)).toMatchObject({ taken: 0, troubles: [{ step: 'archive' }] });
    await rounds(memory);
    expect(sftp.read.filter((name) => name.includes('stays.hl7'))).toHaveLength(1);
    sftp.faults.fixed.clear();
    expect(await round(memory)).toEqual({ taken: 1, troubles: [] });
    expect(await archived()).toContain('stays.hl7');
  });

  test('is called like a claimed one, or has a very long name, or one that was there before: it is a file like others', async () => {
    const names = ['odd.taking', `${'ü'.repeat(120)}.hl7`];
    for (let n = 0; n < 2; n += 1) {
      await leave(...names);
      expect(await rounds()).toEqual({ taken: 2, troubles: [] });
    }
    expect((await archived()).filter((name) => name === 'odd.taking')).toHaveLength(2);
    expect((await archived()).filter((name) => name.startsWith('üü'))).toHaveLength(2);
  });

  test('the archive, which only grows, is never listed', async () => {
    sftp.listed.length = 0;
    await leave('one.hl7', 'two.hl7');
    await rounds();
    expect(new Set(sftp.listed)).toEqual(new Set(['/results']));
  });

  test('a server that does not answer delays no other', async () => {
    const stuck = await startSftpServer(sftp.root);
    stuck.faults.hanging.add('/');
    await setLabConnection(venule.store, { ...known, lab_slug: 'quest', sftp: { server: stuck.server, ...FOLDERS } });
    const picking = startSftpPickUp(inbox(), EVERY_MS);
    try {
      for (const name of ['before.hl7', 'after.hl7']) {
        await leave(name);
        await until(async () => (await archived()).includes(name));
      }
    } finally {
      await picking.stop();
      await stuck.close();
      await setLabConnection(venule.store, { ...known, lab_slug: 'quest' });
    }
  });
});

describe('F4: a server that cannot be used is named, and the order waits', () => {
  const failure = (server: object) => {
    const connection = {
      lab_slug: lab,
      environment: 'sandbox',
      sftp: { server: { ...sftp.server, ...server }, ...FOLDERS },
    } as const;
    return pickUp(inbox(), connection, newMemory(), never).catch((error: unknown) => error);
  };

  test.each([
    [
      'another host key',
      { host_key: 'A'.repeat(43) },
      { fault: 'configuration', message: expect.stringContaining('host key') },
    ],
    ['a wrong password', { password: 'wrong' }, { fault: 'credentials' }],
    ['nobody listens', { port: 9 }, { fault: 'connection' }],
  ])('%s', async (_what, server, expected) => {
    expect(await failure(server)).toMatchObject(expected);
  });
});
