import { MAIL_KINDS, mailFor } from '../../domain/messages/messages.ts';
import { recipientOf } from '../../domain/messages/recipient.ts';
import type { Order } from '../../domain/orders/order.ts';
import { COLLECTION_METHODS, LOW_LEVEL_STATUSES } from '../../domain/orders/status.ts';
import { composeMail } from '../../notifications/compose.ts';
import { laboratory, labTests, markers, markersOf, orderOf, team as printed, wellness } from '../documents/examples.ts';

const team = { ...printed, logo: null };
const unsubscribe_url = 'https://venule.example/unsubscribe/abc';
const requisition_pdf = Buffer.from('%PDF-1.7');
const order = orderOf(markersOf(wellness));
const recipient = recipientOf(order, new Date());
const compose = (kind: (typeof MAIL_KINDS)[number], changes: Partial<Order> = {}) =>
  composeMail(kind, {
    order: { ...order, ...changes },
    recipient,
    team,
    laboratory,
    unsubscribe_url,
    requisition_pdf,
    fasting: true,
  });

describe('F11: which mail is sent when', () => {
  const at = (status: (typeof LOW_LEVEL_STATUSES)[number], changes: Partial<Order> = {}) =>
    mailFor({ status }, { ...order, ...changes });

  it('announces the requisition of a first draw, and that of a redraw as a redraw', () => {
    expect(at('requisition_created')).toBe('requisition_ready');
    expect(at('requisition_created', { origin: 'redraw' })).toBe('redraw_needed');
  });

  it('mails no requisition for a test kit, whose patient is told by SMS', () => {
    expect(at('requisition_created', { collection_method: 'testkit' })).toBeNull();
  });

  it('says that results are ready only when the team has switched that on', () => {
    expect(at('completed')).toBe('results_ready');
    expect(at('completed', { options: { ...order.options, results_ready_mail: false } })).toBeNull();
  });

  it.each(COLLECTION_METHODS)('tells of a cancellation: %s', (collection_method) => {
    expect(at('cancelled', { collection_method })).toBe('order_cancelled');
  });

  it('is silent at every other status, an import among them', () => {
    const speaking = ['requisition_created', 'completed', 'cancelled'];
    for (const status of LOW_LEVEL_STATUSES.filter((candidate) => !speaking.includes(candidate))) {
      expect(at(status)).toBeNull();
    }
  });

  it('is silent altogether when the team has switched mail off', () => {
    const options = { ...order.options, email_enabled: false };
    for (const status of LOW_LEVEL_STATUSES) expect(at(status, { options })).toBeNull();
  });
});

describe.each(MAIL_KINDS)('F11: the mail %s', (kind) => {
  const everyMail = COLLECTION_METHODS.flatMap((collection_method) =>
    (['initial', 'redraw'] as const).map((origin) => compose(kind, { collection_method, origin })),
  );
  const words = ({ subject, html, text, attachments }: ReturnType<typeof compose>) =>
    [subject, html.replace(/<[^>]+>/g, ' '), text, ...attachments.map((file) => file.filename)].join('\n');

  it('names no test and no result', () => {
    const names = new Set([
      ...labTests.map((test) => test.name),
      ...markers.flatMap((marker) => [
        marker.name,
        marker.provider_id,
        ...marker.expected_results.flatMap((result) => [result.name, result.loinc.code]),
      ]),
    ]);
    expect(names.size).toBeGreaterThan(200);
    for (const mail of everyMail) {
      const written = words(mail);
      for (const name of names) expect(written).not.toMatch(new RegExp(`(?<!\\w)${escaped(name)}(?!\\w)`, 'i'));
    }
  });

  it('says in both twins whom to call and where to write', () => {
    for (const { html, text } of everyMail) {
      expect(html).toContain('href="tel:+12125550123"');
      expect(html).toContain('href="mailto:care@northwind.example"');
      expect(text).toContain('call (212) 555-0123 or write to care@northwind.example');
    }
  });

  it('says the same in its plain-text twin', () => {
    for (const { html, text } of everyMail) {
      const body = html.slice(html.indexOf('<h1'));
      const spoken = [...body.matchAll(/<(?:h1|h2|p|li)\b[^>]*>([^<]+)</g)].map((match) => match[1] ?? '');
      expect(spoken.length).toBeGreaterThan(3);
      for (const sentence of spoken) expect(text).toContain(sentence);
    }
  });

  it('ends with the way to receive no more mail, in both twins', () => {
    for (const { html, text } of everyMail) {
      expect(html).toContain(`<a href="${unsubscribe_url}"`);
      expect(text).toMatch(new RegExp(`Unsubscribe: ${unsubscribe_url}\\n$`));
    }
  });

  it('declares its language, and shows a line of its own in the inbox', () => {
    const { html } = compose(kind);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toMatch(/<div style="display:none[^>]*>\S/);
  });

  it('lets nothing that people typed become markup', () => {
    const typed = '<script>alert("1")</script>&\'';
    const { html } = composeMail(kind, {
      order: { ...order, patient: { ...order.patient, first_name: typed } },
      recipient: { ...recipient, first_name: typed },
      fasting: true,
      laboratory: { ...laboratory, name: typed },
      unsubscribe_url,
      team: { name: typed, contact: { email: '"><script>', phone: '<script>' }, logo: null },
      requisition_pdf,
    });
    expect(html).not.toContain('<script');
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;');
  });

  it('has the same Message-ID whenever it is made (F10)', () => {
    expect(compose(kind).message_id).toBe(`<${order.id}.${kind}@venule>`);
  });
});

describe('A4: the mail with the requisition', () => {
  it('says where to go, what to bring and whether to fast', () => {
    const { text } = compose('requisition_ready');
    expect(text).toContain(laboratory.psc_locator_url);
    expect(text).toContain('photo ID');
    expect(text).toContain('Please fast');
    const eating = composeMail('requisition_ready', {
      order,
      recipient,
      team,
      laboratory,
      unsubscribe_url,
      requisition_pdf,
      fasting: false,
    });
    expect(eating.text).toContain('You do not need to fast');
  });

  it.each(['requisition_ready', 'redraw_needed'] as const)('carries the PDF: %s', (kind) => {
    expect(compose(kind).attachments).toEqual([
      { filename: 'requisition-VN4K7Q2M9X.pdf', content: requisition_pdf, content_type: 'application/pdf' },
    ]);
    expect(() => composeMail(kind, { order, recipient, fasting: true, team, laboratory, unsubscribe_url })).toThrow(
      'needs the requisition',
    );
  });

  it.each(['results_ready', 'order_cancelled'] as const)('is the only one with an attachment: not %s', (kind) => {
    expect(compose(kind).attachments).toEqual([]);
  });

  it('shows the logo of the team, with its name for those who do not see it', () => {
    const logo = Buffer.from('\x89PNG', 'latin1');
    const { html, attachments } = composeMail('results_ready', {
      order,
      recipient,
      fasting: true,
      laboratory,
      unsubscribe_url,
      team: { ...team, logo },
    });
    expect(html).toContain('<img src="cid:logo@venule" alt="Northwind Health"');
    expect(attachments).toEqual([
      { filename: 'logo.png', content: logo, content_type: 'image/png', cid: 'logo@venule' },
    ]);
  });
});

describe('G6: the mail about a minor', () => {
  const guardian = { ...recipient, first_name: 'Linh', email: 'linh@example.com', guardian_of: 'Mai' };
  const mailed = (kind: (typeof MAIL_KINDS)[number], collection_method: Order['collection_method'] = 'walk_in_test') =>
    composeMail(kind, {
      order: { ...order, collection_method },
      recipient: guardian,
      team,
      laboratory,
      unsubscribe_url,
      requisition_pdf,
      fasting: true,
    });

  it.each(MAIL_KINDS)('goes to the guardian, by name, and is not about the reader: %s', (kind) => {
    for (const method of COLLECTION_METHODS) {
      const { to, subject, text } = mailed(kind, method);
      expect(to).toEqual({ name: `Linh ${recipient.last_name}`, address: 'linh@example.com' });
      expect(text).toContain('Hello Linh,');
      expect(text).toContain('ordered lab work for Mai.');
      expect(`${subject}\n${text}`).not.toMatch(
        /Hello Mai|for you[ .]|[Yy]our (laboratory|order|first|second|sample|results|requisition|privacy|health)/,
      );
    }
  });

  it('says that the guardian is to come along, and whose ID to bring', () => {
    expect(mailed('requisition_ready').text).toContain('Please come along: Mai is a minor');
    expect(mailed('requisition_ready').text).toContain('Your own photo ID');
    expect(compose('requisition_ready').text).not.toContain('come along');
  });
});

describe('G5: a mail of the sandbox', () => {
  const of = (kind: (typeof MAIL_KINDS)[number], sandbox: boolean) =>
    compose(kind, { options: { ...order.options, sandbox } });

  it.each(MAIL_KINDS)('says so in its subject and first of all: %s', (kind) => {
    const marked = of(kind, true);
    expect(marked.subject).toMatch(/^\[Sandbox\] /);
    expect(marked.text).toMatch(/^Sandbox\. This is a test/);
    expect(marked.html.indexOf('Sandbox. This is a test')).toBeLessThan(marked.html.indexOf('<h1'));
    const real = of(kind, false);
    expect(`${real.subject} ${real.text} ${real.html}`).not.toMatch(/sandbox/i);
  });
});

it('4.5: every mail can be read in dark mode: no color is left to stand on the other ground', () => {
  const { html } = compose('requisition_ready');
  expect(html).toContain('<meta name="color-scheme" content="light dark">');
  expect(html).toContain('@media (prefers-color-scheme:dark)');
  const [head = '', body = ''] = html.split('</head>');
  const styled = [...body.matchAll(/<[a-z0-9]+\b[^>]*style="[^"]*(?:[^-]color:|background:)[^>]*>/g)].map(
    ([tag]) => tag,
  );
  expect(styled.length).toBeGreaterThan(20);
  for (const tag of styled) {
    const names = /class="(\w+)"/.exec(tag)?.slice(1) ?? [];
    expect(names.map((name) => head.includes(`.${name}{`))).toEqual([true]);
  }
});

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
