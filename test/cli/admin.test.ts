/** `npm run admin`, run as an operator runs it. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import express from 'express';
import type { ApiDeps } from '../../api/deps.ts';
import { createDoorkeeper } from '../../api/http/doors/doorkeeper.ts';
import { createGuessLimit } from '../../api/http/doors/guess-limit.ts';
import { bookingRouter } from '../../api/patient/booking/router.ts';
import { ownIdentity } from '../../local/parts/process.ts';
import { bookingToken } from '../../store/access/booking-links.ts';
import { createTeam, findTeamByKeyHash, hashOfKey, logoOf, managementKeyOf } from '../../store/access/teams.ts';
import { seedCatalogue } from '../../store/catalogue/catalogue.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { LabMessageDocument } from '../../store/collections/inbox.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { environmentOfLab, findLabConnection } from '../../store/connections/lab-connections.ts';
import { findPhlebotomyConnection } from '../../store/connections/phlebotomy-connections.ts';
import { keepUnreadableEvent } from '../../store/inbox/phlebotomy-inbox.ts';
import { closeStore, openStore, type Store } from '../../store/open.ts';
import { fanOut } from '../../store/outbox/webhooks.ts';
import { TEST_CONFIG } from '../support/api.ts';
import { runAdmin } from '../support/running/admin-program.ts';
import { freshDatabase } from '../support/running/fresh-store.ts';
import { commit, deliveriesOf, endpointAt } from '../webhooks/scene.ts';

/** One dot. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('npm run admin', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'venule-admin-'));
  const database = freshDatabase();
  let store: Store;

  beforeAll(async () => {
    store = await openStore(database);
    await seedCatalogue(store);
  });
  afterAll(async () => {
    await store.connection.dropDatabase();
    await closeStore(store);
    rmSync(dataDir, { recursive: true });
  });

  interface Run {
    env?: Record<string, string>;
    input?: string;
  }
  const admin = (args: string[], { env = {}, input = '' }: Run = {}) =>
    runAdmin(args, { MONGODB_URI: database, VENULE_DATA_DIR: dataDir, ...env }, input);
  async function json(...args: string[]) {
    const { code, out, err } = await admin(['--json', ...args]);
    if (code !== 0) throw new Error(err);
    return JSON.parse(out);
  }

  test('--help of every command explains it; the top one gives examples', async () => {
    const top = await admin(['--help']);
    expect(top).toMatchObject({ code: 0, err: '' });
    for (const word of [
      'team',
      'key',
      'lab-account',
      'connection',
      'order',
      'message',
      'inbox',
      'webhook',
      'Examples:',
    ])
      expect(top.out).toContain(word);
    const helps = await Promise.all(
      [
        ['team', 'set'],
        ['connection', 'set'],
        ['webhook', 'replay'],
      ].map((path) => admin([...path, '--help'])),
    );
    for (const help of helps) {
      expect(help.code).toBe(0);
      expect(help.out).toMatch(/Example/);
    }
  });

  test('4.5: a contact that nobody can turn to is refused; a team without one is warned of', async () => {
    for (const [flag, value] of [
      ['--contact-phone', '12'],
      ['--contact-phone', 'call me'],
      ['--contact-email', 'care'],
    ] as const) {
      const refused = await admin(['team', 'create', 'Nobody', flag, value]);
      expect([refused.code, refused.err]).toEqual([expect.any(Number), expect.stringContaining(flag)]);
      expect(refused.code).not.toBe(0);
    }
    expect((await admin(['team', 'show', 'Nobody'])).code).not.toBe(0);
    const without = await admin(['team', 'create', 'Silent Labs']);
    expect(without).toMatchObject({ code: 0, err: expect.stringContaining('Silent Labs has no contact') });
    const given = await admin(['team', 'set', 'Silent Labs', '--contact-phone', '(602) 555-0143']);
    expect(given).toMatchObject({ code: 0, err: '' });
  });

  test('a team is created, shown and changed; what is left out stays', async () => {
    const created = await json(
      'team',
      'create',
      'Desert Telehealth',
      '--environment',
      'production',
      '--time-zone',
      'America/Phoenix',
    );
    expect(created).toMatchObject({
      name: 'Desert Telehealth',
      environment: 'production',
      redraws_enabled: true,
      time_zone: 'America/Phoenix',
    });
    const picture = join(dataDir, 'logo.png');
    writeFileSync(picture, PICTURE);
    const changed = await json(
      ...[
        'team',
        'set',
        created.id,
        '--redraws',
        'off',
        '--partial-webhooks',
        'on',
        '--minors',
        'on',
        '--email',
        'off',
      ],
      ...[
        '--sms',
        'on',
        '--results-ready-mail',
        'on',
        '--contact-email',
        'care@desert.example',
        '--contact-phone',
        '+16025550143',
      ],
      ...['--logo', picture, '--logo-url', 'https://desert.example/logo.png'],
    );
    expect(changed).toEqual({
      ...created,
      redraws_enabled: false,
      partial_webhooks_enabled: true,
      minor_ordering_enabled: true,
      email_enabled: false,
      sms_enabled: true,
      results_ready_mail: true,
      contact_email: 'care@desert.example',
      contact_phone: '+16025550143',
      logo: true,
      logo_url: 'https://desert.example/logo.png',
    });
    const stored = await store.teams.findById(created.id).orFail().lean();
    expect(logoOf(stored)).toEqual(PICTURE);
    expect(await json('team', 'show', 'desert telehealth')).toEqual(changed);
    expect(await json('team', 'set', created.id, '--logo', 'none')).toEqual({ ...changed, logo: false });
    await json('team', 'set', created.id, '--logo', picture);
    const table = await admin(['team', 'list']);
    expect(table.out).toMatch(/│ id .*│ name /);
    expect(table.out).toContain(created.id);
  });

  test('a key is shown once, stored hashed, opens its team, and nothing more once it is revoked', async () => {
    const team = await createTeam(store, { name: 'Keys', environment: 'sandbox' });
    const made = await json('key', 'create', team._id, '--label', 'backend');
    expect(made.key).toMatch(/^sk_us_/);
    expect(JSON.stringify(await store.apiKeys.find({ team_id: team._id }).lean())).not.toContain(made.key);
    expect((await findTeamByKeyHash(store, hashOfKey(made.key)))?.team._id).toBe(team._id);
    expect(await json('key', 'list', team._id)).toEqual([
      expect.objectContaining({ id: made.id, label: 'backend', revoked_at: null }),
    ]);

    await json('key', 'revoke', made.id);
    expect(await findTeamByKeyHash(store, hashOfKey(made.key))).toBeNull();

    const management = await json('key', 'create', '--management');
    expect(await managementKeyOf(store, management.key)).toEqual({ kind: 'key', id: expect.any(String) });
    expect(await findTeamByKeyHash(store, hashOfKey(management.key))).toBeNull();
  });

  test('a lab account is added for one team and changed', async () => {
    const team = await createTeam(store, { name: 'Accounts', environment: 'production' });
    const added = await json(
      'lab-account',
      'add',
      '--lab',
      'quest',
      '--number',
      '97502311',
      '--team',
      'Accounts',
      '--bill',
      'client_bill=AZ,nm',
    );
    expect(added).toMatchObject({
      lab: 'quest',
      number: '97502311',
      status: 'active',
      teams: [team._id],
      client_bill: 'AZ NM',
    });
    const changed = await json('lab-account', 'set', added.id, '--status', 'suspended', '--bill', 'patient_bill=all');
    expect(changed).toEqual({ ...added, status: 'suspended', patient_bill: 'all' });
    const listed = await json('lab-account', 'list', '--lab', 'quest');
    expect(listed.map(({ id }: { id: string }) => id)).toContain(added.id);
  });

  test('a connection takes its passwords from an option, the environment or standard input, and never shows them', async () => {
    const whole = [
      'connection',
      'set',
      'labcorp',
      '--url',
      'https://lab.example/hl7',
      '--user',
      'venule',
      '--inbound-user',
      'labcorp',
    ];
    const asked = await admin([...whole, '--ask-password', '--ask-inbound-password'], {
      input: 'outward secret\ninward secret\n',
    });
    expect(asked.code).toBe(0);
    expect(asked.out).not.toMatch(/secret/);
    expect(await findLabConnection(store, 'labcorp', 'production')).toMatchObject({
      orders: { password: 'outward secret', user: 'venule' },
    });
    expect(await environmentOfLab(store, 'labcorp', 'labcorp', 'inward secret')).toBe('production');

    await admin(['connection', 'set', 'labcorp'], { env: { VENULE_LAB_PASSWORD: 'newer secret' } });
    expect(await findLabConnection(store, 'labcorp', 'production')).toMatchObject({
      orders: { password: 'newer secret', url: 'https://lab.example/hl7' },
    });
    expect(await environmentOfLab(store, 'labcorp', 'labcorp', 'inward secret')).toBe('production');
    expect(JSON.stringify(await json('connection', 'list'))).not.toMatch(/secret|hash/);

    const half = await admin(['connection', 'set', 'quest', '--url', 'https://lab.example/hl7']);
    expect(half).toMatchObject({
      code: 1,
      err: expect.stringMatching(/--user, --password, --inbound-user, --inbound-password/),
    });
  });

  test('a laboratory is connected over MLLP, both ways, and goes back to HTTP', async () => {
    const set = (...more: string[]) => admin(['connection', 'set', 'quest', ...more]);
    const orders = async () => (await findLabConnection(store, 'quest', 'production'))?.orders;
    expect(await set('--mllp', 'orders.lab.example')).toMatchObject({
      code: 2,
      err: expect.stringContaining('host:port'),
    });
    expect(await set('--mllp-from', 'somewhere')).toMatchObject({ code: 2, err: expect.stringContaining('networks') });
    expect(await set('--mllp', 'orders.lab.example:2575')).toMatchObject({
      code: 1,
      err: expect.stringContaining('--inbound-user, --inbound-password (or --mllp-from, or --sftp-results)'),
    });
    const certificate = `${'AB:'.repeat(31)}CD`;
    await set(
      '--mllp',
      '[::1]:2575',
      '--mllp-tls',
      '--mllp-from',
      '203.0.113.7,10.20.0.0/16',
      '--mllp-client-cert',
      certificate,
    );
    expect(await findLabConnection(store, 'quest', 'production')).toEqual({
      lab_slug: 'quest',
      environment: 'production',
      orders: { kind: 'mllp', host: '::1', port: 2575, tls: { ca: null, certificate: null, key: null } },
      acknowledges: 'answer',
      http: null,
      mllp: { addresses: ['203.0.113.7', '10.20.0.0/16'], certificate: `${'ab'.repeat(31)}cd` },
      sftp: null,
    });
    await set('--no-mllp-tls', '--acknowledges', 'none');
    expect(await orders()).toEqual({ kind: 'mllp', host: '::1', port: 2575, tls: null });
    expect(await set('--mllp', 'a.example:1', '--url', 'https://lab.example')).toMatchObject({ code: 1 });
    expect(await set('--mllp-from', 'none', '--mllp-client-cert', 'none')).toMatchObject({ code: 1, out: '' });
    await set('--url', 'https://lab.example/hl7', '--user', 'venule', '--password', 'outward secret');
    expect(await orders()).toMatchObject({ kind: 'http', url: 'https://lab.example/hl7' });
    expect(await set('--mllp-tls')).toMatchObject({
      code: 1,
      err: expect.stringContaining('--mllp-tls is for orders over MLLP'),
    });
  });

  test('a test message goes to a laboratory, and its answer is shown, or what to do about none', async () => {
    const received: string[] = [];
    const server = createServer(async (request, response) => {
      const message = await text(request);
      received.push(message);
      const header = 'MSH|^~\\&|LAB|LAB|VENULE|1|20261121090000||ACK|A-1|P|2.5.1';
      const requisition = `OBX|1|ED|REQ^Form^L||^application^pdf^Base64^${Buffer.from('%PDF-1.7\n').toString('base64')}`;
      response.end(`${header}\rMSA|AA|${message.split('|')[9]}|Welcome\rORC|OK||F-77\r${requisition}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const inbound = ['--inbound-user', 'labcorp', '--inbound-password', 'inward'];
    const sandbox = ['--environment', 'sandbox'];
    await admin([
      'connection',
      'set',
      'labcorp',
      ...sandbox,
      '--url',
      url,
      '--user',
      'v',
      '--password',
      'p',
      ...inbound,
    ]);
    expect(await json('connection', 'test', 'labcorp', ...sandbox)).toMatchObject({
      answer: 'accepted',
      said: 'Welcome',
      filler_order_number: 'F-77',
      carried: 'application/pdf, 9 bytes',
      sent: expect.stringMatching(/^MSH\|.*\|T\|2\.5\.1.*\nPID\|.*\|Test\^Connection\|/s),
    });
    expect(received).toHaveLength(1);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await admin(['connection', 'test', 'labcorp', ...sandbox])).toMatchObject({
      code: 1,
      err: expect.stringContaining('check that it is up'),
    });
    expect(await admin(['connection', 'test', 'labcorp', ...sandbox, '--test', 'none'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('offers no test none'),
    });
  });

  test('a phlebotomy provider is connected; its former secret stays good, and nothing of it is shown', async () => {
    const secret = (word: string) => `whsec_${Buffer.from(`a secret ${word}`).toString('base64')}`;
    const set = (...more: string[]) => admin(['phlebotomy', 'set', 'getlabs', ...more]);
    expect(await set('--url', 'https://company.example')).toMatchObject({
      code: 1,
      err: expect.stringContaining('--key, --secret'),
    });
    const asked = await admin(
      ['phlebotomy', 'set', 'getlabs', '--url', 'https://company.example', '--ask-key', '--ask-secret'],
      { input: `outward key\n${secret('one')}\n` },
    );
    expect(asked).toMatchObject({ code: 0, out: expect.not.stringMatching(/whsec|outward/) });
    expect((await set('--secret', secret('two'))).code).toBe(0);
    expect((await set('--secret', 'plain')).err).toMatch(/whsec_ followed by base64/);
    expect(await findPhlebotomyConnection(store, 'getlabs', 'production')).toMatchObject({
      url: 'https://company.example',
      key: 'outward key',
      secrets: [secret('two'), secret('one')],
    });
    expect(JSON.stringify(await json('phlebotomy', 'list'))).not.toMatch(/whsec|outward/);
    expect(await json('phlebotomy', 'events', '--state', 'kept')).toEqual([]);
    expect(await json('phlebotomy', 'refused')).toEqual([]);

    const event = { provider: 'getlabs', environment: 'production', event_id: 'evt_1' } as const;
    const raw = Buffer.from('Good morning');
    await keepUnreadableEvent(store, { ...event, raw, unreadable_because: 'not JSON' });
    const [refused] = await json('phlebotomy', 'refused', '--provider', 'getlabs');
    expect(refused).toMatchObject({ provider: 'getlabs', event_id: 'evt_1', why: 'not JSON' });
    expect(await json('phlebotomy', 'refused', refused.id)).toEqual({ id: refused.id, raw: 'Good morning' });
    expect((await admin(['phlebotomy', 'refused', 'nothing'])).err).toContain('There is no such event nothing');
  });

  describe('booking-link revoke', () => {
    const ends = new Date(Date.now() + 86_400_000);
    const link = (orderId: string) => bookingToken(store, Buffer.from('a secret'), orderId, ends);
    let server: Server;
    beforeAll(async () => {
      server = createServer(
        express().use(
          '/book',
          bookingRouter({ store, config: TEST_CONFIG } as unknown as ApiDeps, {
            doorkeeper: createDoorkeeper(100),
            guesses: createGuessLimit(store),
          }),
        ),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => new Promise((resolve) => server.close(resolve)));
    async function opened(token: string, part = '') {
      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/book/${token}${part}`);
      return { status: answer.status, text: await answer.text() };
    }

    async function order(): Promise<string> {
      const team = await createTeam(store, { name: `Links ${randomUUID()}`, environment: 'sandbox' });
      const id = randomUUID();
      const document = { _id: id, team_id: team._id, placer_order_number: id } as OrderDocument;
      await collectionOf(store.orders).insertOne(document);
      return id;
    }

    test('the order’s links open nothing any more, other orders’ do; the next message carries another', async () => {
      const [mine, other] = await Promise.all([order(), order()]);
      const [sent, elsewhere] = await Promise.all([link(mine), link(other)]);
      expect(await json('booking-link', 'revoke', mine)).toEqual({ revoked: 1 });
      for (const part of ['', '/state', '/requisition.pdf', '/centres']) {
        const { status, text } = await opened(sent, part);
        expect([status, text]).toEqual([410, expect.stringContaining('This link is no longer valid')]);
        expect(text).not.toContain(mine);
      }
      expect((await opened(elsewhere)).status).toBe(200);

      const renewed = await link(mine);
      expect(renewed).not.toBe(sent);
      expect([(await opened(sent)).status, (await opened(renewed)).status]).toEqual([410, 200]);
    });

    test('it is said how many there were, and noted who did it, without the token', async () => {
      const mine = await order();
      const sent = await link(mine);
      expect((await admin(['booking-link', 'revoke', mine])).out).toBe('1 link was revoked.\n');
      expect((await admin(['booking-link', 'revoke', mine])).out).toBe('0 links were revoked.\n');
      const noted = await store.audit
        .find({ 'by.kind': 'person', action: 'booking_link.revoked', order_id: mine })
        .lean();
      expect(noted.map(({ detail }) => detail)).toEqual([{ revoked: 1 }, { revoked: 0 }]);
      expect(JSON.stringify(noted)).not.toContain(sent);
    });

    test('an order that is not there is named', async () => {
      const { code, err } = await admin(['booking-link', 'revoke', 'nothing']);
      expect({ code, err }).toEqual({ code: 1, err: 'There is no order nothing\n' });
    });
  });

  describe('inbox', () => {
    async function report(fields: Partial<LabMessageDocument>): Promise<string> {
      const id = randomUUID();
      const message: LabMessageDocument = {
        _id: id,
        lab_slug: 'labcorp',
        control_id: id.slice(0, 8),
        content_hash: id,
        report_index: 0,
        raw: 'MSH|^~\\&|LAB\rPID|1',
        report: {
          patient: { first_name: 'Ada', last_name: 'Park', dob: '1980-01-01', gender: 'F' },
          placer_order_number: 'V123',
          filler_order_number: null,
          clinical_information: null,
          total_volume: null,
          tests: [],
        } as never,
        state: 'unmatched',
        order_id: null,
        team_id: null,
        event_number: null,
        unmatched_reason: 'no_match',
        lease_until: new Date(0),
        attempts: 4,
        last_error: null,
        received_at: new Date(),
        ...fields,
      };
      await collectionOf(store.labMessages).insertOne(message);
      return id;
    }
    async function order(lab_slug: string): Promise<string> {
      const id = randomUUID();
      const standing = { last_status: 'requisition_created', collection_method: 'walk_in_test' };
      const ids = { _id: id, team_id: 'team', lab_slug, placer_order_number: id };
      const document = { ...ids, ...standing } as OrderDocument;
      await collectionOf(store.orders).insertOne(document);
      return id;
    }

    test('F5: unmatched and late reports are listed and shown, without naming patients in the list', async () => {
      const unmatched = await report({});
      const late = await report({ state: 'late', unmatched_reason: null });
      const list = await json('inbox', 'list', '--state', 'unmatched');
      expect(list).toContainEqual(expect.objectContaining({ id: unmatched, why: 'no_match' }));
      expect(list.map(({ id }: { id: string }) => id)).not.toContain(late);
      expect(JSON.stringify(list)).not.toMatch(/Park/);
      expect(await json('inbox', 'show', unmatched)).toMatchObject({ id: unmatched, patient: 'Ada Park 1980-01-01 F' });
      expect((await admin(['inbox', 'show', unmatched, '--raw'])).out).toBe('MSH|^~\\&|LAB\nPID|1\n');
    });

    test('F5: a report is given to its journey again, under the order that the operator names', async () => {
      const unmatched = await report({});
      expect(await admin(['inbox', 'deliver', unmatched])).toMatchObject({
        code: 1,
        err: expect.stringMatching(/matched no order/),
      });
      expect((await admin(['inbox', 'deliver', unmatched, '--order', await order('quest')])).err).toMatch(
        /went to quest/,
      );
      const id = await order('labcorp');
      expect(await admin(['inbox', 'deliver', unmatched, '--order', id])).toMatchObject({ code: 0, err: '' });
      expect(await collectionOf(store.labMessages).findOne({ _id: unmatched })).toMatchObject({
        state: 'stored',
        order_id: id,
        attempts: 0,
      });
      expect(
        await store.audit.countDocuments({ 'by.kind': 'person', action: 'report.delivered_again', order_id: id }),
      ).toBe(1);
      expect((await admin(['inbox', 'deliver', await report({ state: 'applied', order_id: id })])).err).toMatch(
        /was applied/,
      );
    });
    test('F5: an unmatched report is closed with a reason, by a person; it can be delivered all the same', async () => {
      const unmatched = await report({});
      expect((await admin(['inbox', 'close', unmatched])).err).toMatch(/--reason/);
      expect(await json('inbox', 'close', unmatched, '--reason', 'meant for another clinic')).toEqual({
        id: unmatched,
        state: 'closed',
      });
      const listed = await json('inbox', 'list', '--state', 'closed');
      expect(listed).toContainEqual(expect.objectContaining({ id: unmatched, why: 'meant for another clinic' }));
      const [entry] = await store.audit.find({ action: 'report.closed', 'detail.report_id': unmatched }).lean();
      expect(entry).toMatchObject({ by: { kind: 'person' }, detail: { reason: 'meant for another clinic' } });
      expect((await admin(['inbox', 'close', unmatched, '--reason', 'again'])).err).toMatch(/is closed; only/);
      expect((await admin(['inbox', 'deliver', unmatched, '--order', await order('labcorp')])).code).toBe(0);
      expect(await collectionOf(store.labMessages).findOne({ _id: unmatched })).not.toHaveProperty('closed_because');
    });
  });

  test('E4: exhausted webhooks are listed and replayed', async () => {
    const team = await createTeam(store, { name: 'Hooks', environment: 'sandbox' });
    const endpoint = await endpointAt(store, team._id, 'https://example.com/hook');
    const message = await commit(store, team._id);
    await fanOut(store, 10);
    await collectionOf(store.webhookDeliveries).updateMany(
      { message_id: message._id },
      { $set: { state: 'exhausted' } },
    );

    expect(await json('webhook', 'endpoints', '--team', 'Hooks')).toEqual([
      expect.objectContaining({ id: endpoint._id }),
    ]);
    const [given] = await json('webhook', 'exhausted', '--team', 'Hooks');
    expect(given.endpoint).toBe(endpoint._id);
    expect((await admin(['webhook', 'replay'])).code).toBe(1);
    expect(await json('webhook', 'replay', given.id)).toEqual({ replayed: 1 });
    expect((await deliveriesOf(store, message._id))[0]?.state).toBe('pending');
  });

  test('E4: an endpoint is sent what it missed since a time, once, and the operator is noted', async () => {
    const team = await createTeam(store, { name: 'Missed', environment: 'sandbox' });
    const endpoint = await endpointAt(store, team._id, 'https://example.com/missed');
    const ago = (days: number) => new Date(Date.now() - days * 86_400_000);
    const [before, missed] = [
      await commit(store, team._id, { created_at: ago(3), fanned_out: true }),
      await commit(store, team._id, { created_at: ago(1), fanned_out: true }),
    ];
    const recover = (...more: string[]) => json('webhook', 'recover', endpoint._id, ...more);
    const since = ago(2).toISOString();
    expect(await recover('--since', since, '--until', ago(1.5).toISOString())).toMatchObject({ recovered: 0 });
    expect(await recover('--since', since)).toEqual({ recovered: 1, disabled: false });
    expect(await recover('--since', since)).toMatchObject({ recovered: 0 });
    expect(await deliveriesOf(store, missed._id)).toMatchObject([{ endpoint_id: endpoint._id, state: 'pending' }]);
    expect(await deliveriesOf(store, before._id)).toEqual([]);
    const noted = await store.audit.find({ action: 'webhook.deliveries.recovered', team_id: team._id }).lean();
    expect(noted.map(({ by, detail }) => [by.kind, detail?.recovered])).toEqual([0, 1, 0].map((n) => ['person', n]));
    const wrong = [
      [endpoint._id, [], /--since/],
      [endpoint._id, ['--since', 'lately'], /--since/],
      [endpoint._id, ['--since', since, '--until', ago(3).toISOString()], /--until/],
      ['nobody', ['--since', since], /no webhook endpoint nobody/],
    ] as const;
    await Promise.all(
      wrong.map(async ([id, more, words]) => {
        expect(await admin(['webhook', 'recover', id, ...more])).toMatchObject({
          code: expect.any(Number),
          out: '',
          err: expect.stringMatching(words),
        });
      }),
    );
  });

  test('2.7: retention says what would be deleted by its rules, and deletes nothing', async () => {
    const at = (days: number) => new Date(Date.now() - days * 86_400_000);
    const sms = (days: number) => ({ _id: randomUUID(), to: '+16025550143', text: 'Your visit', sent_at: at(days) });
    const [old, young] = [sms(40), sms(20)];
    await collectionOf(store.sentMessages).insertMany([old, young]);
    const refused = { _id: randomUUID(), raw: 'MSH|…', refused: 'too long', received_at: at(800) };
    await collectionOf(store.labMessageTexts).insertOne(refused as never);
    const would = async (...args: string[]) =>
      (await json('retention', ...args)).map((row: { kept_days: unknown; would_delete: number }) => [
        row.kept_days,
        row.would_delete,
      ]);
    expect(await would()).toEqual([
      ['forever', 0],
      ['forever', 0],
      ['forever', 0],
    ]);
    expect(await would('--sms', '30', '--lab-texts', '700')).toEqual([
      ['forever', 0],
      [700, 1],
      [30, 1],
    ]);
    expect((await admin(['retention', '--sms', '0'])).code).not.toBe(0);
    expect(
      await collectionOf(store.sentMessages)
        .find({ _id: { $in: [old._id, young._id] } })
        .toArray(),
    ).toEqual(expect.arrayContaining([old, young]));
    expect(await collectionOf(store.labMessageTexts).findOne({ _id: refused._id })).toMatchObject({ raw: 'MSH|…' });
  });

  test.each([
    ['an unknown command', ['frobnicate'], 2, /unknown command/],
    ['a wrong value', ['team', 'set', 'x', '--redraws', 'maybe'], 2, /Use on or off/],
    ['a wrong time zone', ['team', 'create', 'x', '--time-zone', 'Mars/Olympus'], 2, /IANA/],
    ['an offset for a time zone (6.8)', ['team', 'create', 'x', '--time-zone', '+05:30'], 2, /IANA/],
    ['a logo that is no picture', ['team', 'set', 'x', '--logo', import.meta.filename], 2, /PNG or JPEG/],
    ['a missing argument', ['team', 'show'], 2, /missing required argument/],
    ['a team that is not there', ['team', 'show', 'Nobody'], 1, /admin team list/],
    ['nothing to set', ['team', 'set', 'Nobody'], 1, /--help/],
    ['a lab that is not there', ['connection', 'set', 'acme'], 1, /there are .*labcorp/],
  ])('%s is refused, saying what would help', async (_, args, code, words) => {
    const { code: exit, out, err } = await admin(args as string[]);
    expect({ exit, out }).toEqual({ exit: code, out: '' });
    expect(err).toMatch(words as RegExp);
    expect(err).not.toMatch(/ at .*\.ts:/);
  });

  test('without MONGODB_URI it finds the database of the npm start that runs on the data folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'venule-admin-'));
    const running = { start: ownIdentity(), parts: {}, addresses: { mongodb: database } };
    writeFileSync(join(folder, 'running.json'), JSON.stringify(running));
    const { code, out } = await admin(['--json', 'lab-account', 'list'], {
      env: { MONGODB_URI: '', VENULE_DATA_DIR: folder },
    });
    rmSync(folder, { recursive: true });
    expect(code).toBe(0);
    expect(JSON.parse(out).length).toBeGreaterThan(0);
  });

  test('a database that does not answer is named, with what to do', async () => {
    const { code, err } = await admin(['team', 'list'], { env: { MONGODB_URI: 'mongodb://127.0.0.1:1/venule' } });
    expect(code).toBe(1);
    expect(err).toMatch(/MongoDB does not respond at 127\.0\.0\.1:1 .*npm start/);
  });
});
