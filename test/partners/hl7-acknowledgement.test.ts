/** Acknowledgements in both directions. */
import { Message } from 'node-hl7-client';
import { readAcknowledgement, writeAcknowledgement } from '../../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { type Hl7Problem, Hl7Refused } from '../../partners/labs/formats/hl7v2/hl7-message.ts';

const MSH = 'MSH|^~\\&|QUEST|QUEST SECAUCUS|VENULE|1234|20261121080004+0000||ACK^O01^ACK|Q-1|P|2.5.1';
const received = 'MSH|^~\\&|QUEST^2.16^ISO|QUEST SECAUCUS|VENULE|1234|20261121||ORU^R01^ORU_R01|Q\\T\\1|P|2.5.1\rPID|1';
const sentAt = '2026-11-21T08:00:04.000Z';

describe('F4: a laboratory’s answer to an order', () => {
  test.each([
    ['AA', 'AA'],
    ['CA', 'AA'],
    ['AE', 'AE'],
    ['CE', 'AE'],
    ['AR', 'AR'],
    ['CR', 'AR'],
  ])('%s means %s', (sent, code) => {
    expect(readAcknowledgement(`${MSH}\rMSA|${sent}|0123|`)).toEqual({
      code,
      is_final: sent !== 'CA',
      control_id: '0123',
      text: '',
      placer_order_number: null,
      filler_order_number: null,
      is_of_cancellation: false,
      is_canceled: false,
      is_test: false,
    });
  });

  test('is read where it is an ORR or ORL without MSA: ORC-1 decides, and ORC-2 says of what', () => {
    const without = (control: string, type = 'ORR^O02') => `${MSH.replace('ACK^O01^ACK', type)}\r${control}`;
    expect(readAcknowledgement(without('ORC|NA|VN1|F1492'))).toMatchObject({
      code: 'AA',
      control_id: null,
      placer_order_number: 'VN1',
      filler_order_number: 'F1492',
    });
    expect(readAcknowledgement(without('ORC|UA|VN1\rNTE|1|L|No such account', 'ORL^O22'))).toMatchObject({
      code: 'AR',
      text: 'No such account',
    });
    expect(() => readAcknowledgement(without('ORC|OK|VN1', 'ORU^R01'))).toThrow(Hl7Refused);
  });

  test('is read in spite of an MSH-2 without the escape character', () => {
    expect(readAcknowledgement('MSH|^~&|Q|Q|V|1|20261121||ACK|1|P|2.3\rMSA|CA|0123')).toMatchObject({ code: 'AA' });
  });

  test('has the lab’s words, from MSA-3 and every ERR', () => {
    const text = `${MSH}\nMSA|AR|0123|Rejected\nERR||OBR^1^4|103^Table value not found|E||||Unknown test \\T\\ code\nERR||PID^1|101^Required field missing|E\n`;
    expect(readAcknowledgement(text)).toMatchObject({
      code: 'AR',
      text: 'Rejected; Unknown test & code; Required field missing',
    });
  });

  test.each([
    ['an alternate text', 'ERR||OBR^1^4|^^^X17^Not on our menu^L|E', 'Not on our menu'],
    ['a code of table 0357 without text', 'ERR|||103|E', 'Table value not found'],
    ['only an alternate code', 'ERR|||^^^X17^^L|E', 'X17'],
    ['several codes', 'ERR|||101^Required field missing~^^^X17^No account^L|E', 'Required field missing; No account'],
    ['an application code', 'ERR||||E|^^^X17^Account closed^L', 'Account closed'],
    ['its own words and what it was found by', 'ERR|||207|E|||line 7~line 9|Sorry', 'Sorry; line 7\nline 9'],
    ['ERR-1 of earlier versions', 'ERR|OBR^1^4^103&Unknown test', 'Unknown test'],
  ])('has the reason in %s', (_what, error, words) => {
    expect(readAcknowledgement(`${MSH}\rMSA|AR|0123\r${error}`).text).toBe(words);
  });

  test('has the reason in MSA-6 of earlier versions', () => {
    expect(readAcknowledgement(`${MSH}\rMSA|AE|0123||||207^Interface down`).text).toBe('Interface down');
  });

  test('has only so many reasons as an order’s event holds', () => {
    const errors = Array.from({ length: 1_000 }, (_, index) => `ERR|||||||${index} ${'x'.repeat(500)}`);
    const { text } = readAcknowledgement([MSH, 'MSA|AR|0123', ...errors].join('\r'));
    expect(text).toMatch(/^0 x+; 1 x/);
    expect(text.length).toBeLessThan(2_100);
  });

  test.each([
    ['OC', true],
    ['OD', true],
    ['OK', false],
  ])('that says %s of the order is a cancellation by the laboratory or not', (control, is_canceled) => {
    const text = `${MSH}\rMSA|AA|0123\rORC|${control}|VN1||||||||||||||NOSUPPLY^Out of reagent`;
    expect(readAcknowledgement(text)).toMatchObject({ is_canceled, text: is_canceled ? 'Out of reagent' : '' });
    expect(readAcknowledgement(`${text}\rORC|OK|VN1`)).toMatchObject({ is_canceled: false });
  });

  test('that accepts the message and is unable to accept the order (ORC-1 UA) rejects it', () => {
    const text = `${MSH}\rMSA|AA|0123\rORC|UA|VN1\rNTE|1|L|No such account`;
    expect(readAcknowledgement(text)).toMatchObject({ code: 'AR', is_final: true, text: 'No such account' });
    expect(readAcknowledgement(`${text}\rORC|OK|VN1`)).toMatchObject({ code: 'AA' });
  });

  test('has the lab’s own number where an ORR or ORL gives one', () => {
    expect(readAcknowledgement(`${MSH}\rMSA|AA|0123\rORC|OK|VN1|LAB-77`).filler_order_number).toBe('LAB-77');
  });

  test.each([
    ['a web page', '<html></html>'],
    ['no MSA', `${MSH}\r`],
    ['an unknown code', `${MSH}\rMSA|OK|0123`],
  ])('%s is no answer', (_, text) => {
    expect(() => readAcknowledgement(text)).toThrow(Hl7Refused);
  });
});

describe('our answer to a laboratory’s results', () => {
  const problems: Hl7Problem[] = [
    { segment: 'OBX', sequence: 3, field: 5, code: '102', text: 'OBX-5 is not a number | really' },
    { segment: 'MSH', sequence: 1, field: 9, component: 2, code: '201', text: 'Only R01' },
    { segment: 'PID', sequence: 1, code: '100', text: 'A report needs a PID segment' },
  ];

  test('goes back to the sender and names the message', () => {
    const ack = new Message({ text: writeAcknowledgement(received, { code: 'AA', text: 'Stored' }, sentAt) });
    const at = (path: string) => ack.get(path).toString();
    expect([at('MSH.3'), at('MSH.4'), at('MSH.5.1'), at('MSH.5.3'), at('MSH.6')]).toEqual([
      'VENULE',
      '1234',
      'QUEST',
      'ISO',
      'QUEST SECAUCUS',
    ]);
    expect([at('MSH.7'), at('MSH.9.1'), at('MSH.9.2'), at('MSH.11')]).toEqual([
      '20261121080004+0000',
      'ACK',
      'R01',
      'P',
    ]);
    expect([at('MSA.1'), at('MSA.2'), at('MSA.3')]).toEqual(['AA', 'Q&1', 'Stored']);
  });

  test.each(
    problems.map(
      (problem, index) =>
        [
          problem,
          [
            'ERR||OBX^3^5|102^Data type error^HL70357|E||||OBX-5 is not a number \\F\\ really',
            'ERR||MSH^1^9^1^2|201^Unsupported event code^HL70357|E||||Only R01',
            'ERR||PID^1|100^Segment sequence error^HL70357|E||||A report needs a PID segment',
          ][index],
        ] as const,
    ),
  )('names the place that is wrong: %j', (problem, segment) => {
    const text = writeAcknowledgement(received, { code: 'AR', text: 'Refused', problem }, sentAt);
    expect(text.split('\r').filter((line) => line.startsWith('ERR'))).toEqual([segment]);
    expect(readAcknowledgement(text)).toMatchObject({ code: 'AR', control_id: 'Q&1' });
  });

  test('can be given to something that is no message', () => {
    const text = writeAcknowledgement(
      'hello',
      { code: 'AR', text: 'Refused', problem: problems[0] as Hl7Problem },
      sentAt,
    );
    expect(readAcknowledgement(text)).toMatchObject({ code: 'AR', control_id: '' });
  });

  test('is the same when it is given again', () => {
    const again = () => writeAcknowledgement(received, { code: 'AA', text: 'Stored' }, sentAt);
    expect(again()).toBe(again());
  });
});
