import { MISSING_BECAUSE } from '../../documents/page/words.ts';
import { renderResultReport } from '../../documents/result-report/result-report.ts';
import { readableUnit } from '../../documents/result-report/units.ts';
import { FAILURE_TYPES } from '../../domain/results/lab-report.ts';
import { markersOf, missingOf, reportOf, resultOf, resultsOf, sampleOf, wellness } from './examples.ts';
import { pagesOf, structureOf, textOf } from './pdf-reader.ts';

const panel = markersOf(wellness);
const [metabolic] = panel;
const glucose = metabolic?.expected_results[0];
const sodium = metabolic?.expected_results[3];
if (!metabolic || !glucose || !sodium) throw new Error('The wellness panel begins with a metabolic panel.');

describe('A7: the result report', () => {
  it('prints each result with value, unit and range, under its panel', async () => {
    const results = resultsOf(panel);
    const text = await textOf(await renderResultReport(reportOf(panel, results)));
    for (const result of results) {
      expect(text).toContain(
        [result.name, result.result, result.unit && readableUnit(result.unit), result.reference_range]
          .filter(Boolean)
          .join(' '),
      );
    }
    expect(text).toContain(metabolic.name);
    expect(text).toContain('Individual tests');
  });

  it('heads every page with the patient, the date of birth and the page number, and repeats the header of the table', async () => {
    const pages = await pagesOf(await renderResultReport(reportOf(panel, resultsOf(panel))));
    expect(pages.length).toBeGreaterThan(1);
    pages.forEach((page, index) => {
      expect(page).toContain('Nguyễn, Mai');
      expect(page).toContain('Born Mar 4, 1985');
      expect(page).toContain(`Page ${index + 1} of ${pages.length}`);
      expect(page).toContain('REFERENCE RANGE');
    });
  });

  it('prints what the laboratory noted about tests as a whole, by sample, with its columns', async () => {
    const content = reportOf([metabolic], resultsOf([metabolic]));
    const [name, sample] = Object.entries(content.result.sample_information)[0] ?? [];
    if (!name || !sample) throw new Error('The example has a sample.');
    const noted = (notes: string) => ({
      ...sample,
      clinical_information: { ...sample.clinical_information, notes },
    });
    const withNotes = (samples: Record<string, typeof sample>) =>
      renderResultReport({ ...content, result: { ...content.result, sample_information: samples } });
    const one = await textOf(await withNotes({ [name]: noted('Urine Culture\nNo growth.\nSeen by    Dr. Ito') }));
    expect(one).toMatch(/Notes from the laboratory\s+Urine Culture\s+No growth\.\s+Seen by\s+Dr\. Ito/);
    const two = await textOf(await withNotes({ [name]: sample, S2: noted('Cloudy.') }));
    expect(two).toMatch(/Notes from the laboratory\s+Sample 2\s+Cloudy\./);
    expect(await textOf(await withNotes({ [name]: sample }))).not.toContain('Notes from the laboratory');
  });

  it('has structure for screen readers: headings, and a table with its headings and a row for each result', async () => {
    const results = resultsOf(panel);
    const elements = await structureOf(await renderResultReport(reportOf(panel, results)));
    const roles = elements.map(({ role }) => role);
    for (const role of ['H1', 'H2', 'P', 'Table', 'TR', 'TH', 'TD']) expect(roles).toContain(role);
    expect(roles.filter((role) => role === 'TR').length).toBeGreaterThan(results.length);
    expect(roles.filter((role) => role === 'TD').length).toBeGreaterThanOrEqual(4 * results.length);
  });

  it('says who ordered, at which account, and when the sample was taken, in the zone it was asked for', async () => {
    const content = reportOf([metabolic], resultsOf([metabolic]));
    const text = await textOf(await renderResultReport(content));
    expect(text).toContain('Żółkowski, Łukasz');
    expect(text).toContain('1234567890');
    expect(text).toContain('VN4K7Q2M9X');
    expect(text).toContain('Collected Nov 21, 2026, 8:15 AM EST');
    const west = await textOf(await renderResultReport({ ...content, time_zone: 'America/Los_Angeles' }));
    expect(west).toContain('Collected Nov 21, 2026, 5:15 AM PST');
  });

  it.each([
    ['FINAL', { corrected: false }, 'final'],
    ['PARTIAL', {}, 'partial'],
    ['CORRECTED', { corrected: true }, 'final'],
  ] as const)('says %s', async (word, changes, status) => {
    const content = reportOf([metabolic], resultsOf([metabolic]), [], changes);
    content.result.metadata.status = status;
    expect(await textOf(await renderResultReport(content))).toContain(word);
  });

  it('flags in words: high, low, abnormal and critical', async () => {
    const results = [
      resultOf(metabolic, glucose, 'high'),
      resultOf(metabolic, sodium, 'critical'),
      resultOf(metabolic, { ...sodium, slug: 'chloride', name: 'Chloride' }, 'low'),
      resultOf(metabolic, { ...sodium, slug: 'antibody', name: 'Antibody' }, 'inside', {
        result: 'Positive',
        interpretation: 'abnormal',
        source_interpretation: 'A',
      }),
    ];
    const text = await textOf(await renderResultReport(reportOf([metabolic], results)));
    expect(text).toContain('HIGH ▲');
    expect(text).toContain('LOW ▼');
    expect(text).toContain('ABNORMAL');
    expect(text).toContain('CRITICAL H ▲');
    expect(text).toContain('4 results · 4 flagged, 1 of them critical');
    expect(text).toContain('Critical: Sodium');
    const calm = await textOf(await renderResultReport(reportOf([metabolic], resultsOf([metabolic]))));
    expect(calm).toContain('none flagged');
    expect(calm).not.toMatch(/HIGH|LOW|CRITICAL|ABNORMAL/);
  });

  it.each(FAILURE_TYPES)('says in words why a result is missing: %s', async (failure) => {
    const missing = missingOf(metabolic, sodium, failure, 'QNS, 0.2 mL received');
    const content = reportOf([metabolic], [resultOf(metabolic, glucose)], [missing]);
    const text = await textOf(await renderResultReport(content));
    expect(text).toContain(`Sodium Not reported ${MISSING_BECAUSE[failure]} QNS, 0.2 mL received`);
    expect(text).not.toContain(failure);
    expect(text).toContain('1 not reported');
  });

  it('says what a partial report still lacks', async () => {
    const content = reportOf(panel, [resultOf(metabolic, glucose)]);
    content.result.metadata.status = 'partial';
    const text = await textOf(await renderResultReport(content));
    expect(text).toContain(`${metabolic.expected_results.length - 1} more results to come`);
    expect(text).toContain('TSH: to come');
  });

  it('prints long values and notes in full, over a page break', async () => {
    const notes = 'The pathologist has looked at this twice. '.repeat(400);
    const long = 'Moderate rouleaux formation; smear reviewed by the pathologist on duty.';
    const results = [
      resultOf(metabolic, glucose, 'inside', { notes }),
      resultOf(metabolic, sodium, 'inside', { result: long, type: 'comment', value: -1 }),
    ];
    const pages = await pagesOf(await renderResultReport(reportOf([metabolic], results)));
    expect(pages.length).toBeGreaterThan(1);
    const text = pages.join(' ').replace(/\s+/g, ' ');
    expect(text.match(/The pathologist has looked/g)?.length).toBeGreaterThan(390);
    expect(text).toContain(`See below`);
    expect(text).toContain(long);
    expect(text).toContain(`${metabolic.name} (continued)`);
  });

  it('never loses a result that no panel names', async () => {
    const reflex = { ...glucose, slug: 'reflex', name: 'Reflex Antibody' };
    const ordered = await textOf(await renderResultReport(reportOf([metabolic], [resultOf(metabolic, reflex)])));
    expect(ordered).toContain('Individual tests Reflex Antibody');
    const unasked = resultOf(metabolic, reflex, 'inside', { source_markers: null });
    const text = await textOf(await renderResultReport(reportOf([metabolic], [unasked])));
    expect(text).toContain('Additional results Reflex Antibody');
  });

  it('names the laboratory that tested, its director and its CLIA number', async () => {
    const content = reportOf([metabolic], resultsOf([metabolic]));
    const text = await textOf(await renderResultReport(content));
    expect(text).toMatch(/Performing laboratory Labcorp .*Director: Ada Pathologist, MD · CLIA 34D0655059/);
  });

  it('is the same to the byte when it is printed again', async () => {
    const content = reportOf(panel, resultsOf(panel));
    const printed = await renderResultReport(content);
    await renderResultReport(reportOf([metabolic], resultsOf([metabolic])));
    expect((await renderResultReport(structuredClone(content))).equals(printed)).toBe(true);
  });
});

describe('G7: a report has what 42 CFR 493.1291(c) asks for', () => {
  const missing = missingOf(metabolic, sodium, 'quantity_not_sufficient_failure', 'QNS, 0.2 mL received');
  const content = reportOf([metabolic], [resultOf(metabolic, glucose, 'high')], [missing]);
  it.each([
    ['(1) the patient’s name', 'PATIENT Nguyễn, Mai'],
    ['(1) and identification number', 'PATIENT ID 2f4f1a77-0f2b-4d2a-8a35-3c9f9c7f1b03'],
    [
      '(2) name and address of the laboratory where the test was performed',
      'Labcorp 1447 York Court, Burlington, NC 27215',
    ],
    ['(3) the test report date', 'Reported Nov 22, 2026, 7:15 AM EST'],
    ['(4) the test performed', 'Comprehensive Metabolic Panel'],
    ['(5) specimen source', 'Comprehensive Metabolic Panel Serum'],
    ['(6) the test result, units and interpretation', 'Glucose 114 mg/dL HIGH ▲ 70-99'],
    [
      '(7) the condition of a specimen that is not acceptable',
      'There was not enough sample for this test. QNS, 0.2 mL received',
    ],
  ])('%s', async (_, words) => {
    expect(await textOf(await renderResultReport(content))).toContain(words);
  });

  it('(k) and a corrected one says so', async () => {
    const text = await textOf(await renderResultReport({ ...content, corrected: true }));
    expect(text).toContain('CORRECTED Replaces what was reported before');
  });
});

describe('A7: a report that can be trusted at a glance', () => {
  const ordered = { placer_order_number: 'VN4K7Q2M9X', origin: 'initial' as const };
  it.each([
    ['open', 'INITIAL A redraw is in progress; more results are expected'],
    ['reported', 'FINAL Results of the redraw: see the combined report'],
    ['without_results', 'FINAL The redraw produced no results'],
    [null, 'FINAL No more results are expected'],
  ] as const)('D5: says what its redraw has come to: %s', async (redraw, words) => {
    const content = reportOf([metabolic], [resultOf(metabolic, glucose)], [], { orders: [{ ...ordered, redraw }] });
    const text = await textOf(await renderResultReport(content));
    expect(text).toContain(words);
    if (redraw !== null) expect(text).not.toContain('No more results are expected');
  });

  it.each([
    ['final', { ended_as: 'canceled' }, 'FINAL The order was canceled; the laboratory reported results anyway'],
    ['partial', { ended_as: 'canceled' }, 'PARTIAL The order was canceled; the laboratory reported results anyway'],
    ['final', { ended_as: 'failed' }, 'FINAL The order failed; no more results are expected'],
  ] as const)('F5: a %s one of an order that had ended says so: %j', async (status, ending, words) => {
    const orders = [{ ...ordered, ...ending }];
    const content = reportOf(panel, resultsOf(panel), [], { orders });
    content.result.metadata.status = status;
    const pages = await pagesOf(await renderResultReport(content));
    const [first = ''] = pages.map((page) => page.replace(/\s+/g, ' '));
    expect(first).toContain(words);
    expect(first).toMatch(new RegExp(`requisition \\(${ending.ended_as}\\) ${ordered.placer_order_number}`, 'i'));
    expect(pages.length).toBeGreaterThan(1);
    const band = 'CANCELED · The order was canceled; the laboratory reported results anyway';
    const marked = pages.filter((page) => page.includes(band));
    expect(marked).toHaveLength(ending.ended_as === 'canceled' ? pages.length : 0);
  });

  it('F5: a combined one names the order that was canceled', async () => {
    const redraw = { placer_order_number: 'VN8P3W5R2T', origin: 'redraw', ended_as: 'canceled' } as const;
    const changes = { title_kind: 'combined', orders: [ordered, redraw] } as const;
    const content = reportOf([metabolic], [resultOf(metabolic, glucose)], [], {
      ...changes,
      orders: [...changes.orders],
    });
    const text = await textOf(await renderResultReport(content));
    expect(text).toContain('FINAL Requisition VN8P3W5R2T was canceled; the laboratory reported results anyway');
    expect(text).toMatch(/requisition \(redraw, canceled\) VN8P3W5R2T/i);
  });

  it.each([
    ['none flagged', []],
    ['1 flagged', ['high']],
    ['1 flagged, critical', ['critical']],
    ['2 flagged, all critical', ['critical', 'critical']],
    ['3 flagged, 1 of them critical', ['high', 'low', 'critical']],
  ] as const)('counts what stands out: %s', async (words, marks) => {
    const results = resultsOf([metabolic], (index) => marks[index] ?? 'inside');
    const text = await textOf(await renderResultReport(reportOf([metabolic], results)));
    expect(text).toMatch(new RegExp(`14 results · ${words}(?! flagged|,)`));
  });

  it.each(['range', 'comment'] as const)('prints a %s once, though its notes repeat it', async (type) => {
    const value = type === 'range' ? '<0.1' : 'Moderate rouleaux formation; smear reviewed by the pathologist.';
    for (const notes of [value, `${value}\nSeen twice.`]) {
      const result = resultOf(metabolic, glucose, 'inside', { type, result: value, value: -1, notes });
      const text = await textOf(await renderResultReport(reportOf([metabolic], [result])));
      expect(text.split(value)).toHaveLength(2);
      expect(text.includes('Seen twice.')).toBe(notes !== value);
    }
  });

  it('never has a page with nothing but its end mark, however long the report is', async () => {
    const some = resultsOf(panel);
    for (let count = 20; count <= 46; count += 1) {
      const pages = await pagesOf(await renderResultReport(reportOf(panel, some.slice(0, count))));
      expect(pages.at(-1)).toContain('END OF REPORT');
      expect(pages.at(-1)).toMatch(/Labcorp\n1447 York Court/);
    }
  });

  it('G5: is marked as made in the sandbox on every page, and only there', async () => {
    const content = reportOf(panel, resultsOf(panel));
    for (const page of await pagesOf(await renderResultReport({ ...content, sandbox: true }))) {
      expect(page).toContain('SANDBOX · For testing only · Not a real order, not a real result, not for patient care');
    }
    expect(await textOf(await renderResultReport(content))).not.toContain('SANDBOX');
  });
});

describe('D9, D10: the combined report', () => {
  const samples = { A1: sampleOf('A1', 21, ['Labcorp']), B2: sampleOf('B2', 25, ['Esoteric Sciences Center']) };
  const results = [
    resultOf(metabolic, glucose, 'inside', { source_sample_id: 'A1' }),
    resultOf(metabolic, sodium, 'inside', {
      source_sample_id: 'B2',
      performing_laboratory: 'Esoteric Sciences Center',
    }),
  ];
  const content = reportOf(
    [metabolic],
    results,
    [],
    {
      title_kind: 'combined',
      orders: [
        { placer_order_number: 'VN4K7Q2M9X', origin: 'initial' },
        { placer_order_number: 'VN8D3W6T1P', origin: 'redraw' },
      ],
    },
    samples,
  );

  it('is titled as combined and names both requisitions and both samples', async () => {
    const text = await textOf(await renderResultReport(content));
    expect(text).toContain('Combined laboratory report');
    expect(text).toContain('REQUISITION VN4K7Q2M9X');
    expect(text).toContain('REQUISITION (REDRAW) VN8D3W6T1P');
    expect(text).toContain('SAMPLE 1 A1');
    expect(text).toContain('SAMPLE 2 B2');
    expect(text).toContain('Collected Nov 25, 2026, 8:15 AM EST');
  });

  it('tells for each result which sample and which laboratory it comes from', async () => {
    const text = await textOf(await renderResultReport(content));
    expect(text).toMatch(/Glucose \S+ mg\/dL 70-99 1 1/);
    expect(text).toMatch(/Sodium \S+ mmol\/L 134-144 2 2/);
    expect(text).toContain('2 Esoteric Sciences Center');
  });
});
