/** Several results under one code, which laboratories tell apart by OBX-4, the time, or the name. */
import fc from 'fast-check';
import type { Observation } from '../../domain/results/lab-report.ts';
import { foldReports } from '../../domain/results/result-fold.ts';
import { labOrder } from '../partners/lab-order.ts';
import { observation, reportOf, testOf } from '../support/partners/lab-report.ts';

const TSH = '3016-3';
const ordered = labOrder('labcorp', ['tsh']);
const code = ordered.order.markers[0]?.provider_id as string;

const tsh = (value: string | null, changes: Partial<Observation> = {}) => observation(TSH, value, changes);
const LATER = { reported_at: '2026-11-22T10:00:00.000Z' };

/** What the result says after reports with these observations, each under the ordered test. */
function results(...reports: Observation[][]) {
  const result = foldReports([
    {
      ...ordered,
      reports: reports.map((observations, index) =>
        reportOf([testOf(code, observations)], index === 0 ? {} : { ...LATER, control_id: `C${index}` }),
      ),
      noMoreExpected: true,
    },
  ]);
  return {
    values: result?.results.map(({ result: value, slug, loinc }) => [value, slug, loinc]),
    missing: result?.missing_results.map(({ slug }) => slug),
  };
}

const first = (value: string) => [value, 'tsh', TSH];
const further = (value: string) => [value, '', null];

test.each([
  ['the sub-id', [{ sub_id: '1' }, { sub_id: '2' }, { sub_id: '3' }]],
  [
    'the time',
    [8, 9, 10].map((hour) => ({ sub_id: '1', observed_at: `2026-11-20T${String(hour).padStart(2, '0')}:00:00.000Z` })),
  ],
  ['the name', [{ name: 'Fasting' }, { name: 'After one hour' }, { name: 'After two hours' }]],
  ['the value', [{}, {}, {}]],
])('told apart by %s, all are there, and the first is found by slug and LOINC', (_what, changes) => {
  const values = ['90', '160', '120'];
  const observations = changes.map((change, index) => tsh(values[index] as string, change));
  expect(results(observations)).toEqual({ values: [first('90'), further('160'), further('120')], missing: [] });
});

test('they stand together on the report', () => {
  const observations = [tsh('90', { sub_id: '1' }), tsh('160', { sub_id: '2' })];
  const report = reportOf([testOf(code, observations)]);
  const result = foldReports([{ ...ordered, reports: [report], noMoreExpected: true }]);
  const [one, other] = result?.results ?? [];
  expect(one?.source_markers).toHaveLength(1);
  expect(other?.source_markers).toEqual(one?.source_markers);
});

test('what says the same twice is one', () => {
  expect(results([tsh('90', { sub_id: '1' }), tsh('90', { sub_id: '1' })]).values).toEqual([first('90')]);
});

test('a correction changes the one that it is about', () => {
  const both = [tsh('90', { sub_id: '1' }), tsh('160', { sub_id: '2' })];
  const corrected = [tsh('170', { sub_id: '2', status: 'corrected' })];
  expect(results(both, corrected).values).toEqual([first('90'), further('170')]);
  expect(results(both, [tsh('95', { sub_id: '1', status: 'corrected' })]).values).toEqual([
    first('95'),
    further('160'),
  ]);
});

test('a result that stands alone is the same one, however it is numbered', () => {
  const preliminary = [tsh('90', { sub_id: '1', status: 'preliminary' })];
  expect(results(preliminary, [tsh('91', { sub_id: '7' })]).values).toEqual([first('91')]);
  expect(results(preliminary, [tsh('91')]).values).toEqual([first('91')]);
});

test('a result is missing only if no occurrence has a value', () => {
  const none = { failure_type: 'non_failure', status: 'cancelled' } as const;
  const both = [tsh('90', { sub_id: '1' }), tsh('160', { sub_id: '2' })];
  const withdrawn = tsh(null, { ...none, sub_id: '1', status: 'corrected' });
  expect(results(both, [withdrawn])).toEqual({ values: [first('160')], missing: [] });
  const all = [withdrawn, tsh(null, { ...none, sub_id: '2', status: 'corrected' })];
  expect(results(both, all)).toEqual({ values: [], missing: ['tsh'] });
});

test('thousands of one code are as much work as they are many', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => tsh(String(index), { sub_id: String(index) }));
  expect(results(many).values).toHaveLength(10_000);
});

test('values of different status that something tells apart are each there', () => {
  const both = [tsh('90', { sub_id: '1' }), tsh('160', { sub_id: '2', status: 'preliminary' })];
  expect(results(both).values).toEqual([first('90'), further('160')]);
});

test('a preliminary value and the final one in the same report are one', () => {
  expect(results([tsh('90', { status: 'preliminary' }), tsh('91')]).values).toEqual([first('91')]);
});

test('a sub-id that is given only later tells the known ones apart from then on', () => {
  const before = [tsh('90', { status: 'preliminary' }), tsh('160', { status: 'preliminary' })];
  const numbered = [tsh('90', { sub_id: '1' }), tsh('161', { sub_id: '2' })];
  const corrected = [tsh('162', { sub_id: '2', status: 'corrected' })];
  expect(results(before, numbered, corrected).values).toEqual([first('90'), further('162')]);
});

test('of values that nothing tells apart, one that was corrected alone can be any: it hides none', () => {
  const corrected = results([tsh('90'), tsh('160')], [tsh('170', { status: 'corrected' })]);
  expect(corrected.values).toEqual([first('90'), further('160'), further('170')]);
});

describe('whatever tells the results apart, or does not', () => {
  const facts = fc.record(
    {
      sub_id: fc.constantFrom('1', '2', '3'),
      observed_at: fc.constantFrom(null, '2026-11-20T08:00:00.000Z', '2026-11-20T09:00:00.000Z'),
      name: fc.constantFrom('Glucose', 'Glucose, 1 h'),
    },
    { requiredKeys: ['observed_at', 'name'] },
  );
  /** Results of one code in a report, each with another value, and which of them a later report changes. */
  const reported = fc.array(fc.record({ facts, isChanged: fc.boolean() }), { minLength: 1, maxLength: 7 });
  const valuesOf = (...reports: Observation[][]) => results(...reports).values?.map(([value]) => value);

  test('a correction of several values in one report changes those, and no other', () => {
    fc.assert(
      fc.property(reported, fc.constantFrom('some', 'each by the next'), (all, which) => {
        const before = all.map((one, index) => tsh(String(index), one.facts));
        const after = all.map((one, index) => {
          if (which === 'each by the next') return tsh(String(index + 1), { ...one.facts, status: 'corrected' });
          return one.isChanged
            ? tsh(String(index + 100), { ...one.facts, status: 'corrected' })
            : tsh(String(index), one.facts);
        });
        expect(valuesOf(before, after)).toEqual(after.map(({ value }) => value));
      }),
    );
  });

  test('some of them again, in any order, change nothing', () => {
    const again = reported.chain((all) => {
      const before = all.map((one, index) => tsh(String(index), one.facts));
      return fc.record({ before: fc.constant(before), after: fc.shuffledSubarray(before, { minLength: 1 }) });
    });
    fc.assert(
      fc.property(again, ({ before, after }) => {
        expect([...(valuesOf(before, after) ?? [])].sort()).toEqual(before.map(({ value }) => value));
      }),
    );
  });

  test('nothing that the last report says is hidden', () => {
    fc.assert(
      fc.property(reported, reported, (one, other) => {
        const before = one.map(({ facts: its }, index) => tsh(String(index), its));
        const after = other.map(({ facts: its }, index) => tsh(String(index + 3), its));
        expect(valuesOf(before, after)).toEqual(expect.arrayContaining(after.map(({ value }) => value)));
      }),
    );
  });
});
