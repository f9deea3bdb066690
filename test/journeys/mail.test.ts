import { mailMessageId } from '../../domain/ids.ts';
import type { MailKind } from '../../domain/messages/messages.ts';
import type { Order } from '../../domain/orders/order.ts';
import { updateTeam } from '../../store/access/teams.ts';
import { textOf } from '../documents/pdf-reader.ts';
import { anOrder, type InProcessVenule, type MailTrouble, startVenule } from '../support/running/in-process-venule.ts';
import { stateOf } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterEach(() => {
  venule.mailServer.trouble = null;
});
afterAll(() => venule.close());

function trouble(at: MailTrouble['at'], code: number): MailTrouble {
  venule.mailServer.trouble = { at, code, refusals: 0 };
  return venule.mailServer.trouble;
}

/** The mails of an order that reached the patient, by what they are about. */
function mailsOf(order: Order): MailKind[] {
  const kinds: MailKind[] = ['requisition_ready', 'redraw_needed', 'results_ready', 'order_cancelled'];
  return venule.mails.flatMap(({ messageId }) =>
    kinds.filter((kind) => messageId === `<${mailMessageId(order.id, kind)}>`),
  );
}

async function complete(order: Order) {
  await venule.reaches(order.id, 'requisition_created');
  await venule.simulate(order, { final_status: 'completed' });
  return venule.ended(order);
}

describe('F10: a mail', () => {
  test('is sent once when the mail server takes none for a while', async () => {
    const away = trouble('sender', 451);
    const order = await venule.place();
    await until(() => away.refusals >= 3);
    expect(mailsOf(order)).toEqual([]);
    venule.mailServer.trouble = null;
    await complete(order);
    expect(mailsOf(order)).toEqual(['requisition_ready']);
    expect((await stateOf(venule.workflow(order))).troubles).toEqual([]);
  });

  test('is sent again under the same Message-ID when nobody knows whether it was taken', async () => {
    const unsure = trouble('taken', 451);
    const order = await venule.place();
    await until(() => unsure.refusals >= 1);
    venule.mailServer.trouble = null;
    await complete(order);
    const mails = mailsOf(order);
    expect(mails.length).toBeGreaterThanOrEqual(2);
    expect(new Set(mails)).toEqual(new Set(['requisition_ready']));
  });

  test('that is refused for good is tried once; the journey goes on, and an engineer can see it', async () => {
    const refusal = trouble('recipient', 550);
    const order = await venule.place();
    const workflow = await complete(order);
    expect((await stateOf(workflow)).troubles).toEqual([
      expect.stringMatching(/^The mail requisition_ready was not sent: The mail server refused the mail for good/),
    ]);
    expect(refusal.refusals).toBe(1);
    expect((await venule.reaches(order.id, 'completed')).last_status).toBe('completed');
  });

  test('that the server will not take for long is given up, and the journey goes on', async () => {
    trouble('sender', 451);
    const order = await venule.place({}, { mail_tried_for: 300 });
    const workflow = await complete(order);
    expect((await stateOf(workflow)).troubles).toEqual([
      expect.stringMatching(/^The mail requisition_ready was not sent: /),
    ]);
    expect(mailsOf(order)).toEqual([]);
  });
});

test('A4: the mail of a cancellation does not overtake that of the requisition', async () => {
  const away = trouble('sender', 451);
  const order = await venule.place();
  await until(() => away.refusals >= 1);
  await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
  await until(() => away.refusals >= 4);
  venule.mailServer.trouble = null;
  await venule.ended(order);
  expect(mailsOf(order)).toEqual(['requisition_ready', 'order_cancelled']);
});

test('G3: a mail that is refused for good holds up no later one', async () => {
  const refusal = trouble('recipient', 550);
  const order = await venule.place();
  await until(() => refusal.refusals >= 1);
  venule.mailServer.trouble = null;
  await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
  await venule.ended(order);
  expect(mailsOf(order)).toEqual(['order_cancelled']);
});

describe('F11: which mails go out', () => {
  test('“results are ready” is not sent unless switched on', async () => {
    const order = await venule.place();
    await complete(order);
    expect(mailsOf(order)).toEqual(['requisition_ready']);
  });

  test('“results are ready” is sent when switched on', async () => {
    const order = await venule.place({ options: { results_ready_mail: true } });
    await complete(order);
    expect(mailsOf(order)).toEqual(['requisition_ready', 'results_ready']);
  });

  test('a cancelled order is told', async () => {
    const order = await venule.place();
    await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
    await venule.ended(order);
    expect(mailsOf(order).toSorted()).toEqual(['order_cancelled', 'requisition_ready']);
  });

  test('none is sent with mail switched off', async () => {
    const order = await venule.place({ options: { email_enabled: false, results_ready_mail: true } });
    await complete(order);
    expect(mailsOf(order)).toEqual([]);
  });
});

test('A3, A4: the team’s logo is printed on the requisition and carried by the mail', async () => {
  const logo = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const requisitionMailOf = async (order: Order) => {
    const { attachments } = await until(() =>
      venule.mails.find(({ messageId }) => messageId === `<${mailMessageId(order.id, 'requisition_ready')}>`),
    );
    const requisition = await venule.documents.requisition(order.id);
    return { attached: attachments.map(({ mimeType }) => mimeType), printed: await textOf(requisition as Buffer) };
  };
  const plain = await requisitionMailOf(await venule.place());
  expect(plain).toEqual({
    attached: ['application/pdf'],
    printed: expect.stringContaining('NORTHWIND HEALTH'),
  });
  await updateTeam(venule.store, venule.teamId, { logo });
  const branded = await requisitionMailOf(await venule.place());
  await updateTeam(venule.store, venule.teamId, { logo: null });
  expect(branded).toEqual({
    attached: expect.arrayContaining(['application/pdf', 'image/png']),
    printed: expect.not.stringContaining('NORTHWIND HEALTH'),
  });
});

describe('G6: about a minor', () => {
  beforeAll(() => updateTeam(venule.store, venule.teamId, { options: { minor_ordering_enabled: true } }));

  const placed = (email: string | null) => {
    const { patient, address } = anOrder(venule.catalogue, venule.teamId);
    const { first_line, second_line, city, state, zip, country } = address;
    const home = { first_line, second_line, city, state, zip, country };
    const medical_proxy = {
      ...{ first_name: 'Maria', last_name: 'Bell', address: home, phone_number: '+16025550177', email },
      ...{ household_income: null, household_size: null },
    };
    const options = { sms_enabled: true };
    return venule.place({ patient: { ...patient, dob: '2015-06-01', medical_proxy }, options });
  };
  const mailOf = (order: Order) =>
    until(() =>
      venule.mails.find(({ messageId }) => messageId === `<${mailMessageId(order.id, 'requisition_ready')}>`),
    );

  test('the guardian is mailed and texted, by name', async () => {
    const order = await placed('maria.bell@guardians.example');
    const mail = await mailOf(order);
    expect(mail.to).toEqual([{ name: 'Maria Bell', address: 'maria.bell@guardians.example' }]);
    expect(mail.text).toContain('Hello Maria,');
    expect(mail.text).toContain('Please come along: Ana is a minor');
    const sms = await until(() => venule.store.sentMessages.findOne({ _id: new RegExp(`^${order.id}`) }).lean());
    expect(sms).toMatchObject({ to: '+16025550177', text: expect.stringContaining('for Ana') });
  });

  test('the guardian reads it at the patient’s address who has given none', async () => {
    const mail = await mailOf(await placed(null));
    expect(mail.to).toEqual([{ name: 'Maria Bell', address: 'ana.bell@patients.example' }]);
  });
});

describe('F11: a team without a contact', () => {
  test('mails at once, in its own name, and the installation’s contact stands in', async () => {
    const before = { email: 'care@northwind.example', phone: '+12125550100' };
    await updateTeam(venule.store, venule.teamId, { contact: { email: '', phone: '' } });
    try {
      const order = await venule.place();
      const mail = await until(() =>
        venule.mails.find(({ messageId }) => messageId === `<${mailMessageId(order.id, 'requisition_ready')}>`),
      );
      expect(mail.text).toContain('call (602) 555-0199');
      expect(mail.from).toEqual({ name: 'Northwind Health via Venule', address: 'no-reply@venule.example' });
      const requisition = await venule.documents.requisition(order.id);
      expect(await textOf(requisition as Buffer)).toContain('(602) 555-0199');
    } finally {
      await updateTeam(venule.store, venule.teamId, { contact: before });
    }
  });
});
