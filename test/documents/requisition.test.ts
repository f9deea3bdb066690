import { renderRequisition } from '../../documents/requisition/requisition.ts';
import { insurance, markers, markersOf, orderOf, requisitionOf, team, wellness } from './examples.ts';
import { pagesOf, structureOf, textOf } from './pdf-reader.ts';

const panel = markersOf(wellness);
const [first, second] = panel;
if (!first || !second) throw new Error('The wellness panel has markers.');

describe('A3: the requisition', () => {
  it('says who is tested, who ordered, at which account, under which number, and until when', async () => {
    const text = await textOf(await renderRequisition(requisitionOf(orderOf(panel))));
    for (const fact of [
      'Labcorp laboratory requisition',
      'Account 1234567890',
      'VN4K7Q2M9X',
      'Nguyễn, Mai',
      'Mar 4, 1985',
      'Female',
      '(212) 555-0188',
      '350 5th Avenue',
      'Apt 12B',
      'New York, NY 10118',
      'Żółkowski, Łukasz',
      '1234567893',
      'E55.9, E78.5',
      'Valid until May 20, 2027',
      'Patient faints easily; draw lying down.',
      'Issued Nov 21, 2026, 8:29 AM EST by Northwind Health',
      'Page 1 of 3',
    ]) {
      expect(text).toContain(fact);
    }
  });

  it('lists each ordered marker with the code of the laboratory and the specimen', async () => {
    const text = await textOf(await renderRequisition(requisitionOf(orderOf(panel))));
    for (const marker of panel) {
      expect(text).toContain(`${marker.provider_id} ${marker.name}`);
      expect(text).toContain(marker.specimen);
    }
    expect(text).toContain('10 tests');
  });

  it('tells the patient where to go, whom to ask, and whether to fast', async () => {
    const content = requisitionOf(orderOf(panel));
    const text = await textOf(await renderRequisition(content));
    expect(text).toContain(content.laboratory.psc_locator_url);
    expect(text).toContain('Northwind Health: (212) 555-0123 or care@northwind.example');
    expect(text).toContain('Fasting is required');
    const eating = await textOf(await renderRequisition({ ...content, fasting: false }));
    expect(eating).toContain('Fasting is not required');
  });

  it('marks a STAT order on every page', async () => {
    const many = markers.filter((marker) => marker.lab_id === 27).slice(0, 60);
    const pages = await pagesOf(await renderRequisition(requisitionOf(orderOf(many, { priority: true }))));
    expect(pages.length).toBeGreaterThan(1);
    for (const page of pages) expect(page).toContain('STAT');
    const routine = await textOf(await renderRequisition(requisitionOf(orderOf(many))));
    expect(routine).not.toContain('STAT');
  });

  it('prints insurance only when insurance is billed', async () => {
    const billed = orderOf([first], { billing_type: 'commercial_insurance', insurance });
    const text = await textOf(await renderRequisition(requisitionOf(billed)));
    expect(text).toMatch(/Aetna \(AETNA\).*PO Box 981106.*W123456789.*0700-123.*Self/);
    const client = await textOf(await renderRequisition(requisitionOf({ ...billed, billing_type: 'client_bill' })));
    expect(client).toContain('Client (account)');
    expect(client).not.toContain('W123456789');
  });

  it('prints answers to questions in words, not codes', async () => {
    const asking = markers.find((marker) => marker.aoe.questions.some((question) => question.answers.length > 0));
    const question = asking?.aoe.questions.find((candidate) => candidate.answers.length > 0);
    const choice = question?.answers[0];
    if (!asking || !question || !choice) throw new Error('The catalogue has a marker with a choice.');
    const order = orderOf([asking], {
      aoe_answers: [{ marker_id: asking.id, question_id: question.id, answer: choice.code }],
    });
    const text = await textOf(await renderRequisition(requisitionOf(order)));
    expect(text).toContain(question.value);
    expect(text).toContain(choice.value);
  });

  it('has no heading for a physician where none is named', async () => {
    const text = await textOf(await renderRequisition(requisitionOf(orderOf([first], { physician: null }))));
    expect(text).not.toMatch(/physician|NPI|signature/i);
    expect(text).toContain('CLIENT Northwind Health');
  });

  it('is the same to the byte when it is printed again', async () => {
    const content = requisitionOf(orderOf(panel));
    const printed = await renderRequisition(content);
    await renderRequisition(requisitionOf(orderOf([second])));
    expect((await renderRequisition(structuredClone(content))).equals(printed)).toBe(true);
  });

  it('takes long names, notes and instructions over as many pages as they need', async () => {
    const note = 'The laboratory asks for this in many words. '.repeat(200);
    const order = orderOf([first], { clinical_notes: 'word '.repeat(200) });
    const name = 'Wolfeschlegelsteinhausenbergerdorff';
    const content = requisitionOf(
      { ...order, patient: { ...order.patient, last_name: `${name}-${name}` } },
      { collection_instructions: note },
    );
    const pages = await pagesOf(await renderRequisition(content));
    expect(pages.length).toBeGreaterThan(1);
    pages.forEach((page, index) => {
      expect(page).toContain(`Page ${index + 1} of ${pages.length}`);
    });
    expect(pages.join(' ').match(/The laboratory asks/g)?.length).toBeGreaterThan(150);
  });

  it('G6: names the birth date on every page but the patient’s, where it would open the booking page to the finder', async () => {
    const order = orderOf(markers.filter((marker) => marker.lab_id === 27).slice(0, 60));
    const content = requisitionOf(order, {
      booking_url: 'https://labs.example.com/book/paper/Zm9v',
      collection_instructions: 'The laboratory asks for this in many words. '.repeat(200),
    });
    const pages = await pagesOf(await renderRequisition(content));
    const first = pages.findIndex((page) => page.includes('For you, the patient'));
    expect(first).toBeGreaterThan(1);
    expect(pages.length).toBeGreaterThan(first + 1);
    for (const page of pages.slice(0, first)) expect(page).toContain('Born Mar 4, 1985');
    for (const page of pages.slice(first)) expect(page).not.toMatch(/1985|born/i);
  });

  it('prints the logo of the team, or its name where the picture is none or is damaged', async () => {
    const content = requisitionOf(orderOf([first]));
    const withLogo = async (logo: Buffer) =>
      textOf(await renderRequisition({ ...content, team: { ...content.team, logo } }));
    const dot = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    );
    expect(await withLogo(dot)).not.toContain('NORTHWIND HEALTH');
    const damaged = Buffer.from(dot);
    damaged.fill(0, 43, 50);
    for (const picture of [damaged, dot.subarray(0, 40), Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')]) {
      expect(await withLogo(picture)).toContain('NORTHWIND HEALTH');
    }
  });
});

describe('G7: a requisition has what 42 CFR 493.1241(c) asks for', () => {
  const contact = { ...team.contact, address: '1 Care Way, Phoenix, AZ 85004' };
  const order = orderOf(panel, { clinical_notes: 'Patient faints easily; draw lying down.' });
  const content = requisitionOf(order, { team: { ...team, contact } });
  it.each([
    ['(1) the authorized person', 'ORDERING PHYSICIAN Żółkowski, Łukasz NPI 1234567893 SIGNATURE'],
    ['(1) with name and address', 'CLIENT Northwind Health 1 Care Way, Phoenix, AZ 85004 (212) 555-0123'],
    ['(1) and whom to tell of a critical result', 'CRITICAL RESULTS TO (212) 555-0123'],
    ['(2) the patient’s name', 'PATIENT Nguyễn, Mai'],
    ['(2) and identifier', 'PATIENT ID 2f4f1a77-0f2b-4d2a-8a35-3c9f9c7f1b03'],
    ['(3) sex and date of birth', 'DATE OF BIRTH Mar 4, 1985 SEX Female'],
    ['(4) the tests, with their diagnoses', '322000 Comprehensive Metabolic Panel E55.9, E78.5'],
    ['(5) the source of the specimen', '322000 Comprehensive Metabolic Panel E55.9, E78.5 1 × SST (gold top), 5 mL'],
    ['(6) date and time of collection', 'Date collected Time Collected by Last ate (hours ago) Fasting Yes No'],
    ['(8) what else the tests need', 'Patient faints easily; draw lying down.'],
    ['what to draw, in one line', 'COLLECT 1 SST, 1 lavender'],
  ])('%s', async (_, words) => {
    expect(await textOf(await renderRequisition(content))).toContain(words);
  });

  it('the physician’s signature, where there is one that can be printed', async () => {
    const dot = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    );
    const pictures = async (signature: Buffer | null) => {
      const pdf = await renderRequisition({ ...content, signature });
      return (await structureOf(pdf)).filter(({ role, alt }) => role === 'Figure' && alt?.includes('Signature')).length;
    };
    expect(await pictures(dot)).toBe(1);
    expect(await pictures(dot.subarray(0, 40))).toBe(0);
    expect(await pictures(null)).toBe(0);
  });

  it('a label for each tube', async () => {
    const text = await textOf(await renderRequisition(content));
    expect(text.match(/Date _+ Time _+ By _+/g)).toHaveLength(2);
  });

  it('G5: the mark of the sandbox on every page, and only on sandbox paper', async () => {
    const pages = await pagesOf(await renderRequisition(content));
    for (const page of pages) expect(page).toContain('Not a real order, not a real result, not for patient care');
    const real = orderOf(panel, { options: { ...order.options, sandbox: false } });
    expect(await textOf(await renderRequisition(requisitionOf(real)))).not.toMatch(/sandbox/i);
  });

  it('F4: of a canceled order says so across every page, and asks for no draw, and has no labels and no code to book with', async () => {
    const booking_url = 'https://labs.example.com/book/Zm9v';
    const pages = await pagesOf(await renderRequisition({ ...content, canceled: true, booking_url }));
    for (const page of pages) {
      expect(page).toContain('CANCELED · Do not collect a specimen on this requisition');
      expect(page.split('\n')).toContain('CANCELED');
      expect(page).not.toMatch(/LABELS FOR|COLLECT|Valid until|Zm9v/);
    }
    expect((await pagesOf(await renderRequisition({ ...content, booking_url }))).at(-1)).toContain(booking_url);
  });

  it('structure for screen readers: a language, headings, a table with its headings, pictures in words', async () => {
    const elements = await structureOf(await renderRequisition(content));
    const roles = elements.map(({ role }) => role);
    for (const role of ['H1', 'H2', 'P', 'Table', 'TR', 'TH', 'TD', 'Figure']) expect(roles).toContain(role);
    expect(roles.filter((role) => role === 'TR')).toHaveLength(panel.length + 1);
    for (const { role, alt } of elements) if (role === 'Figure') expect(alt).toContain('Barcode of VN4K7Q2M9X');
  });
});

describe('D6: the requisition of a redraw', () => {
  const needed = first.expected_results[0];
  if (!needed) throw new Error('A panel yields results.');
  const redraw = orderOf([first, second], {
    origin: 'redraw',
    placer_order_number: 'VN8D3W6T1P',
    markers: [
      { marker_id: first.id, provider_id: first.provider_id, result_slugs: [needed.slug] },
      {
        marker_id: second.id,
        provider_id: second.provider_id,
        result_slugs: second.expected_results.map((result) => result.slug),
      },
    ],
  });
  const content = requisitionOf(redraw, { redraw_of: { placer_order_number: 'VN4K7Q2M9X' } });

  it('says which requisition it repeats and lists only what must be tested again', async () => {
    const text = await textOf(await renderRequisition(content));
    expect(text).toContain('Redraw of requisition VN4K7Q2M9X');
    expect(text).toContain('VN8D3W6T1P');
    expect(text).toContain(first.name);
    expect(text).toContain(second.name);
    for (const marker of panel.slice(2)) expect(text).not.toContain(marker.provider_id);
  });

  it('names the results still needed where a panel owes only some', async () => {
    const text = await textOf(await renderRequisition(content));
    expect(text).toContain(`Results still needed: ${needed.name}`);
    for (const other of first.expected_results.slice(1)) expect(text).not.toContain(other.name);
  });

  it('never calls a first requisition a redraw', async () => {
    expect(await textOf(await renderRequisition(requisitionOf(orderOf(panel))))).not.toMatch(/redraw/i);
  });
});
