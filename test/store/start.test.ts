/** What an operator has set outlives the next start. */
import { isPhoneNumber } from '../../domain/people/phone-number.ts';
import { ensureSandboxTeam, updateTeam } from '../../store/access/teams.ts';
import { type Catalogue, seedCatalogue } from '../../store/catalogue/catalogue.ts';
import { collectionOf } from '../../store/collections/define.ts';
import {
  connectSandboxLabs,
  environmentOfLab,
  findLabConnection,
  hashOfPassword,
  setLabConnection,
} from '../../store/connections/lab-connections.ts';
import type { Store } from '../../store/open.ts';
import { freshCatalogue } from '../support/running/fresh-store.ts';

let store: Store;
let discard: () => Promise<void>;
let catalogue: Catalogue;
beforeAll(async () => {
  ({ store, catalogue, discard } = await freshCatalogue());
});
afterAll(() => discard());

test('a lab test and a marker that were switched off stay off; all else follows the seed again', async () => {
  const [test] = [...catalogue.labTests.values()];
  const [marker] = [...catalogue.markers.values()];
  const changed = { is_active: false, name: 'Renamed' };
  await store.labTests.updateOne({ _id: test?.id }, { $set: { ...changed, status: 'inactive' } });
  await store.markers.updateOne({ _id: marker?.id }, { $set: { ...changed, is_orderable: false } });
  await seedCatalogue(store);
  await catalogue.reload();
  const after = { labTest: catalogue.labTests.get(test?.id ?? ''), marker: catalogue.markers.get(marker?.id ?? 0) };
  expect(after.labTest).toEqual({ ...test, is_active: false, status: 'inactive' });
  expect(after.marker).toEqual({ ...marker, is_active: false, is_orderable: false });
});

test('a sandbox connection that an operator has set stays, unless the environment says where the sandbox is', async () => {
  const sandbox = { url: 'http://127.0.0.1:3100', user: 'sandbox', password: 'first-password' };
  const urlOf = async (lab: string) => {
    const orders = (await findLabConnection(store, lab, 'sandbox'))?.orders;
    return orders?.kind === 'http' ? orders.url : orders?.kind;
  };
  await connectSandboxLabs(store, catalogue, sandbox);
  expect(await urlOf('labcorp')).toBe('http://127.0.0.1:3100/labs/labcorp/hl7');

  const url = 'https://test.lab.example/hl7';
  const known = await findLabConnection(store, 'labcorp', 'sandbox');
  if (!known) throw new Error('labcorp is not connected');
  await setLabConnection(store, { ...known, orders: { kind: 'http', url, user: 'venule', password: 'outward' } });
  await connectSandboxLabs(store, catalogue, sandbox);
  expect(await urlOf('labcorp')).toBe(url);

  await connectSandboxLabs(store, catalogue, { ...sandbox, url: 'http://sandbox:3100', replace: true });
  expect(await urlOf('labcorp')).toBe('http://sandbox:3100/labs/labcorp/hl7');

  const orders = { kind: 'mllp', host: '127.0.0.1', port: 2575, tls: null } as const;
  await setLabConnection(store, { ...known, orders });
  await connectSandboxLabs(store, catalogue, { ...sandbox, replace: true });
  expect((await findLabConnection(store, 'labcorp', 'sandbox'))?.orders).toEqual(orders);
});

test('a connection of before there was MLLP is read as what it was, and written as what it is', async () => {
  const earlier = {
    _id: 'quest:production',
    lab_slug: 'quest',
    environment: 'production',
    url: 'https://orders.lab.example/hl7',
    user: 'venule',
    password: 'outward',
    inbound_user: 'quest',
    inbound_password_hash: hashOfPassword('inward'),
  };
  await collectionOf(store.labConnections).insertOne(earlier as never);
  const read = {
    lab_slug: 'quest',
    environment: 'production',
    orders: { kind: 'http', url: earlier.url, user: 'venule', password: 'outward' },
    acknowledges: 'answer',
    http: { user: 'quest', password_hash: earlier.inbound_password_hash },
    mllp: null,
    sftp: null,
  };
  expect(await findLabConnection(store, 'quest', 'production')).toEqual(read);
  expect(await environmentOfLab(store, 'quest', 'quest', 'inward')).toBe('production');
  expect(await environmentOfLab(store, 'quest', 'quest', 'outward')).toBeNull();

  await setLabConnection(store, read as never);
  const written = await collectionOf(store.labConnections).findOne({ _id: 'quest:production' });
  expect(written).toEqual({ _id: 'quest:production', ...read });
});

test('4.5: the sandbox team is born with a contact, and what an operator made of it stays', async () => {
  const team = await ensureSandboxTeam(store);
  expect(team.contact.email).toMatch(/@.+\.example$/);
  expect(isPhoneNumber(team.contact.phone)).toBe(true);
  await updateTeam(store, team._id, { contact: { phone: '+16025550143' } });
  expect((await ensureSandboxTeam(store)).contact.phone).toBe('+16025550143');
});
