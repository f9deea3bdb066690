import { renderRequisition } from '../../documents/requisition.ts';
import { insurance, markers, markersOf, orderOf, requisitionOf, wellness } from './examples.ts';
import { pagesOf, textOf } from './pdf-reader.ts';

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
      expect(page).toContain('Born Mar 4, 1985');
    });
    expect(pages.join(' ').match(/The laboratory asks/g)?.length).toBeGreaterThan(150);
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
