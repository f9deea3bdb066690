/** What is longer than the database keeps is handed out all the same: every document is issued the same way. */
import { randomBytes } from 'node:crypto';
import { keepSignature, signatureHash } from '../../store/orders/signature-images.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';

const MB = 1024 * 1024;

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

/** A JPEG of so many bytes, as far as its head and its end tell. */
function jpegOf(bytes: number): Buffer {
  const start = Buffer.from([0xff, 0xd8]);
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 20, 0, 60, 1, 1, 0x11, 0]);
  return Buffer.concat([start, frame, randomBytes(bytes), Buffer.from([0xff, 0xd9])]);
}

test.each([
  ['is kept', 1 * MB, 1],
  ['of more than 15 MB is not kept, and can be had as often as anyone asks', 15.5 * MB, 0],
])('2.1: a document %s', async (_what, bytes, kept) => {
  const picture = jpegOf(bytes);
  await keepSignature(venule.store, picture);
  const physician = { first_name: 'Rosa', last_name: 'Diaz', npi: '1234567893', email: null, licensed_states: [] };
  const signed = { ...physician, signature_hash: signatureHash(picture) };
  const order = await venule.place({ physician: signed, options: { email_enabled: false } });
  await venule.reaches(order.id, 'requisition_created');
  const first = await venule.documents.requisition(order.id);
  expect(first?.length).toBeGreaterThan(bytes);
  expect(await venule.store.issuedDocuments.countDocuments({ _id: new RegExp(order.id) })).toBe(kept);
  expect((await venule.documents.requisition(order.id))?.equals(first ?? Buffer.alloc(0))).toBe(true);
});
