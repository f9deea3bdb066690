/** Outgoing order messages, read by a parser that did not write them, field by field against docs/hl7.md. */
import { Message } from 'node-hl7-client';
import { orderControlId, orderMessage } from '../../partners/labs/formats/hl7v2/hl7-order-message.ts';
import { insurance, labOrder } from './lab-order.ts';

type Segment = ReturnType<Message['get']>;

/** A message as node-hl7-client reads it. */
function parse(text: string) {
  const segments: Segment[] = [];
  new Message({ text }).forEach((segment) => {
    segments.push(segment);
  });
  const all = (name: string) => segments.filter((segment) => segment.name === name);
  return {
    structure: segments.map((segment) => segment.name),
    /** One text a segment of that name. */
    each: (name: string, path: string) => all(name).map((segment) => segment.get(path).toString()),
    /** The components of a field in the first segment of that name. */
    components: (name: string, field: number, count: number) =>
      Array.from({ length: count }, (_, index) =>
        all(name)[0]
          ?.get(`${field}.${index + 1}`)
          .toString(),
      ),
    repetition: (name: string, field: number, repetition: number, component: number) =>
      all(name)[0]?.get(field).get(repetition).get(String(component)).toString(),
  };
}

const orm = labOrder('quest', ['lipid-panel', 'lead-venous'], {
  billing_type: 'commercial_insurance',
  insurance,
  icd_codes: ['E78.5', 'Z00.00'],
  priority: true,
  aoe_answers: [
    { marker_id: 2076, question_id: 7, answer: 'R' },
    { marker_id: 2076, question_id: 8, answer: 'Welder & "painter" | night shift ^ ~ \\' },
  ],
  clinical_notes: 'First line\nSecond line: iron < 5 & ~3 | see chart\r\nThird \\ line',
});

const oml = labOrder('labcorp', ['glucose', 'insulin', 'lipid-panel'], {
  icd_codes: ['E11.9'],
  aoe_answers: [
    { marker_id: 1016, question_id: 1, answer: 'Y' },
    { marker_id: 1062, question_id: 2, answer: '12.5' },
  ],
  clinical_notes: 'Only line',
});

describe('A3: an order message is accepted by an HL7 parser that did not write it', () => {
  const read = parse(orderMessage({ ...orm, purpose: 'NW' }));

  test('ORM^O01 has its segments in the order of the standard, with one ORC for each test', () => {
    expect(read.structure).toEqual('MSH PID PV1 IN1 ORC OBR NTE NTE NTE DG1 DG1 ORC OBR DG1 DG1 OBX OBX'.split(' '));
  });

  test('OML^O21 has one ORC for each test', () => {
    const message = parse(orderMessage({ ...oml, purpose: 'NW' }));
    expect(message.structure).toEqual('MSH PID PV1 ORC OBR NTE DG1 OBX ORC OBR DG1 OBX ORC OBR DG1'.split(' '));
    expect(message.components('MSH', 9, 3)).toEqual(['OML', 'O21', 'OML_O21']);
    expect(message.each('ORC', '1')).toEqual(['NW', 'NW', 'NW']);
    expect(message.each('OBR', '1')).toEqual(['1', '2', '3']);
    expect(message.each('OBR', '13')).toEqual(['', 'FASTING', expect.any(String)]);
    expect(message.each('OBX', '2')).toEqual(['CE', 'NM']);
    expect(message.each('OBX', '5.1')).toEqual(['Y', '12.5']);
  });

  test('MSH names both sides and the message', () => {
    expect(read.each('MSH', '3')).toEqual(['VENULE']);
    expect(read.each('MSH', '4')).toEqual([orm.account.provider_account_id]);
    expect(read.each('MSH', '5')).toEqual(['QUEST']);
    expect(read.each('MSH', '6')).toEqual(['QUEST SECAUCUS']);
    expect(read.each('MSH', '7')).toEqual(['20261121080003+0000']);
    expect(read.components('MSH', 9, 3)).toEqual(['ORM', 'O01', 'ORM_O01']);
    expect(read.each('MSH', '10')).toEqual([orderControlId(orm.order.id, 'NW')]);
    expect(read.each('MSH', '11')).toEqual(['P']);
    expect(read.each('MSH', '12')).toEqual(['2.5.1']);
  });

  test('PID carries the patient', () => {
    expect(read.components('PID', 3, 5)).toEqual([orm.order.user_id, '', '', 'VENULE', 'PI']);
    expect(read.components('PID', 5, 2)).toEqual(['Núñez', 'Ana']);
    expect(read.each('PID', '7')).toEqual(['19850312']);
    expect(read.each('PID', '8')).toEqual(['F']);
    expect(read.components('PID', 10, 3)).toEqual(['2106-3', 'White', 'HL70005']);
    expect(read.components('PID', 11, 7)).toEqual(['12 Elm Street', 'Apt 4', 'Phoenix', 'AZ', '85004', 'US', 'H']);
    expect(read.repetition('PID', 13, 0, 1)).toBe('+16025550123');
    expect(read.repetition('PID', 13, 1, 4)).toBe('ana@example.com');
    expect(read.each('PID', '18')).toEqual([orm.account.provider_account_id]);
    expect(read.components('PID', 22, 3)).toEqual(['H', 'Hispanic or Latino', 'HL70189']);
  });

  test('PV1, ORC and OBR name the physician', () => {
    const physician = ['1234567893', 'Lee', 'Grace', '', '', '', '', '', 'NPI'];
    expect(read.each('PV1', '2')).toEqual(['O']);
    expect(read.components('PV1', 7, 9)).toEqual(physician);
    expect(read.components('ORC', 12, 9)).toEqual(physician);
    expect(read.components('OBR', 16, 9)).toEqual(physician);
  });

  test('IN1 carries the insurance', () => {
    expect(read.each('IN1', '3')).toEqual(['AETNA1']);
    expect(read.each('IN1', '4')).toEqual(['Aetna & Partners']);
    expect(read.each('IN1', '8')).toEqual(['GRP^77']);
    expect(read.components('IN1', 16, 2)).toEqual(['Núñez', 'Jordan']);
    expect(read.each('IN1', '17.1')).toEqual(['SPO']);
    expect(read.each('IN1', '18')).toEqual(['19791102']);
    expect(read.each('IN1', '36')).toEqual(['W1234|56789']);
  });

  test('IN1 stays out where no insurance is billed, even when the order knows one', () => {
    const order = { ...orm.order, billing_type: 'client_bill' as const };
    expect(parse(orderMessage({ ...orm, order, purpose: 'NW' })).structure).not.toContain('IN1');
  });

  test('F4: the placer order number is on every ORC and on every OBR', () => {
    expect(read.each('ORC', '1')).toEqual(['NW', 'NW']);
    expect(read.each('ORC', '2')).toEqual(['VN0000012345', 'VN0000012345']);
    expect(read.each('ORC', '9')).toEqual(['20261121080003+0000', '20261121080003+0000']);
    expect(read.each('OBR', '2')).toEqual(['VN0000012345', 'VN0000012345']);
  });

  test('OBR is one for each test', () => {
    expect(read.each('OBR', '1')).toEqual(['1', '2']);
    expect(read.each('OBR', '4.1')).toEqual(orm.markers.map((marker) => marker.provider_id));
    expect(read.each('OBR', '4.2')).toEqual(orm.markers.map((marker) => marker.name));
    expect(read.each('OBR', '4.3')).toEqual(['L', 'L']);
    expect(read.each('OBR', '5')).toEqual(['S', 'S']);
    expect(read.each('OBR', '6')).toEqual(['20261121080000+0000', '20261121080000+0000']);
  });

  test('DG1 is one for each ICD-10 code, under every test', () => {
    expect(read.each('DG1', '3.1')).toEqual(['E78.5', 'Z00.00', 'E78.5', 'Z00.00']);
    expect(read.each('DG1', '3.3')).toEqual(['I10', 'I10', 'I10', 'I10']);
  });

  test('OBX carries the answers to questions at order entry, whatever is in them', () => {
    expect(read.each('OBX', '1')).toEqual(['1', '2']);
    expect(read.each('OBX', '2')).toEqual(['CE', 'ST']);
    expect(read.each('OBX', '3.1')).toEqual(['LEADPURP', 'LEADOCC']);
    expect(read.each('OBX', '3.3')).toEqual(['L', 'L']);
    expect(read.each('OBX', '5.1')).toEqual(['R', 'Welder & "painter" | night shift ^ ~ \\']);
    expect(read.each('OBX', '5.2')[0]).toBe('Repeat');
    expect(read.each('OBX', '11')).toEqual(['F', 'F']);
  });

  test('NTE is one for each line of clinical notes', () => {
    expect(read.each('NTE', '1')).toEqual(['1', '2', '3']);
    expect(read.each('NTE', '3')).toEqual(['First line', 'Second line: iron < 5 & ~3 | see chart', 'Third \\ line']);
  });

  test('a line break or a delimiter in a name or an address breaks no segment', () => {
    const { order } = orm;
    const address = { ...order.address, first_line: '5|6 A&B St\r\nPID|9', second_line: null };
    const patient = { ...order.patient, last_name: "O'Neil^Smith\nMSH|" };
    const message = parse(orderMessage({ ...orm, order: { ...order, address, patient }, purpose: 'NW' }));
    expect(message.structure).toEqual(read.structure);
    expect(message.each('PID', '5.1')).toEqual(["O'Neil^Smith\\.br\\MSH|"]);
    expect(message.each('PID', '11.1')).toEqual(['5|6 A&B St\\.br\\PID|9']);
  });

  test('a patient who told little, and an order without a physician, leave their fields empty', () => {
    const { order } = oml;
    const patient = { ...order.patient, gender: 'unknown' as const, race: null, ethnicity: null };
    const message = parse(orderMessage({ ...oml, order: { ...order, patient, physician: null }, purpose: 'NW' }));
    expect(message.each('PID', '8')).toEqual(['U']);
    expect([...message.each('PID', '10'), ...message.each('PID', '22')]).toEqual(['', '']);
    expect(message.each('PV1', '7')).toEqual(['']);
  });
});

describe('F4: sending again is the same message', () => {
  test('the same input gives the same bytes', () => {
    expect(orderMessage({ ...oml, purpose: 'NW' })).toBe(orderMessage({ ...oml, purpose: 'NW' }));
  });

  test('every segment ends in a carriage return, and no line feed is written', () => {
    const text = orderMessage({ ...orm, purpose: 'NW' });
    expect(text).toMatch(/^MSH\|\^~\\&\|VENULE\|.*\r$/s);
    expect(text).not.toContain('\n');
  });

  test('the control id belongs to the order and the purpose, and is at most 20 characters', () => {
    expect(orderControlId('a', 'NW')).toMatch(/^[0-9A-F]{20}$/);
    expect(new Set([orderControlId('a', 'NW'), orderControlId('a', 'CA'), orderControlId('b', 'NW')]).size).toBe(3);
  });
});

describe('a cancellation', () => {
  const read = parse(orderMessage({ ...orm, purpose: 'CA' }));

  test('names the same placer order number and says CA', () => {
    expect(read.each('ORC', '1')).toEqual(['CA', 'CA']);
    expect(read.each('ORC', '2')).toEqual(['VN0000012345', 'VN0000012345']);
    expect(read.each('MSH', '10')).toEqual([orderControlId(orm.order.id, 'CA')]);
  });

  test('tells the lab no more than it needs', () => {
    expect(read.structure).toEqual('MSH PID PV1 ORC OBR ORC OBR'.split(' '));
  });
});

describe('D6: the message of a redraw', () => {
  test('lists only the tests that are on the redraw, with only their answers', () => {
    const lead = orm.order.markers.filter((marker) => marker.marker_id === 2076);
    const lipids = orm.order.markers.filter((marker) => marker.marker_id !== 2076);
    const redraw = { ...orm.order, id: 'redraw', origin: 'redraw' as const, placer_order_number: 'VN0000012399' };
    const some = parse(orderMessage({ ...orm, order: { ...redraw, markers: lead }, purpose: 'NW' }));
    expect(some.each('OBR', '4.1')).toEqual([lead[0]?.provider_id]);
    expect(some.each('OBR', '2')).toEqual(['VN0000012399']);
    expect(some.each('OBX', '3.1')).toEqual(['LEADPURP', 'LEADOCC']);

    const others = parse(orderMessage({ ...orm, order: { ...redraw, markers: lipids }, purpose: 'NW' }));
    expect(others.each('OBR', '4.1')).toEqual([lipids[0]?.provider_id]);
    expect(others.structure).not.toContain('OBX');
  });

  test('an ordered marker without its catalogue entry is refused by number', () => {
    expect(() => orderMessage({ ...orm, markers: orm.markers.slice(0, 1), purpose: 'NW' })).toThrow('marker 2076');
  });
});
