import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Marker } from '../../domain/catalogue/catalogue.ts';
import type { AoeAnswer } from '../../domain/orders/order.ts';
import { asOrdered, isLabError, redrawFor, smallestMarkerSet, statusDetailOf } from '../../domain/orders/redraw.ts';
import { FAILURE_TYPES } from '../../domain/results/lab-report.ts';
import { labOrder } from '../partners/lab-order.ts';

const markers: Marker[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../store/catalogue/seed/markers.json'), 'utf8'),
);
const labcorp = markers.filter((marker) => marker.lab_id === 27);
const { order } = labOrder('labcorp', ['tsh', 'comprehensive-metabolic-panel']);
const walkIn = { ...order, options: { ...order.options, redraws_enabled: true } };
const missing = (failure_type: (typeof FAILURE_TYPES)[number]) => [{ slug: 'tsh', failure_type }];

describe('D4: which orders get a redraw', () => {
  const LAB_ERRORS = [
    'quantity_not_sufficient_failure',
    'insufficient_volume',
    'collection_process_failure',
    'drop_off_failure',
    'internal_lab_failure',
  ];
  test.each(FAILURE_TYPES)('%s', (failure) => {
    expect(isLabError(failure)).toBe(LAB_ERRORS.includes(failure));
    expect(redrawFor(walkIn, missing(failure))).toEqual(LAB_ERRORS.includes(failure) ? ['tsh'] : []);
  });

  test.each([
    ['a redraw', { origin: 'redraw' as const }],
    ['an order that is not walk-in', { collection_method: 'at_home_phlebotomy' as const }],
    ['another laboratory', { lab_slug: 'ussl' }],
    ['a team without redraws', { options: { ...walkIn.options, redraws_enabled: false } }],
  ])('not %s', (_what, change) => {
    expect(redrawFor({ ...walkIn, ...change }, missing('insufficient_volume'))).toEqual([]);
  });

  test('only the results that the lab lost are drawn again', () => {
    const all = [
      { slug: 'tsh', failure_type: 'insufficient_volume' as const },
      { slug: 'glucose', failure_type: 'patient_condition_failure' as const },
    ];
    expect(redrawFor(walkIn, all)).toEqual(['tsh']);
  });
});

describe('D6: the smallest set of orderable markers that yields what is missing', () => {
  const chosen = (...slugs: string[]) => smallestMarkerSet(slugs, labcorp, walkIn).map((marker) => marker.slug);

  test('one lost result of a panel is ordered alone', () => expect(chosen('glucose')).toEqual(['glucose']));
  test('several are ordered as the one panel that has them, with as little beside them as possible', () =>
    expect(chosen('sodium', 'potassium', 'chloride')).toEqual(['electrolyte-panel']));
  test('what no panel has together is ordered apart', () => expect(chosen('tsh', 'sodium')).toEqual(['sodium', 'tsh']));
  test('what was ordered is drawn again, though the catalogue lost its marker or what it yields', () => {
    const [panel] = order.markers;
    const slug = panel?.result_slugs[0] ?? '';
    const without = labcorp.filter(({ expected_results }) => !expected_results.some((result) => result.slug === slug));
    const emptied = labcorp.map((marker) => ({ ...marker, expected_results: [] }));
    for (const offered of [without, emptied]) {
      const [drawn, ...more] = smallestMarkerSet([slug], asOrdered(offered, walkIn), walkIn);
      expect(drawn).toMatchObject({ id: panel?.marker_id, provider_id: panel?.provider_id });
      expect(drawn?.expected_results).toContainEqual({ slug });
      expect(more).toEqual([]);
    }
  });
  test('an unchanged catalogue is as it was ordered', () => {
    expect(asOrdered(labcorp, walkIn)).toEqual(labcorp);
  });
  test('what the lab offers nowhere is named', () =>
    expect(() => chosen('moon-dust')).toThrow('The lab has no orderable marker that produces moon-dust'));

  /** The set for a glucose whose single marker asks that; it was not ordered, so that answers to it are rare. */
  const asking = (changes: object, aoe_answers: AoeAnswer[] = []) =>
    smallestMarkerSet(
      ['glucose'],
      labcorp.map((marker) =>
        marker.slug === 'glucose'
          ? { ...marker, aoe: { questions: [{ ...question, required: true, ...changes }] } }
          : marker,
      ),
      { ...walkIn, aoe_answers },
    ).map((marker) => marker.slug);
  const alone = labcorp.find((marker) => marker.slug === 'glucose')?.id ?? 0;

  test('a marker whose required question was not answered is not chosen', () => {
    expect(asking({})).not.toContain('glucose');
  });
  test('nor one whose question was answered for another marker only', () => {
    expect(asking({}, [{ marker_id: alone + 1, question_id: 1, answer: 'yes' }])).not.toContain('glucose');
    expect(asking({}, [{ marker_id: alone, question_id: 1, answer: 'yes' }])).toEqual(['glucose']);
  });
  test('a question about fasting, or one with a preset answer, keeps no marker out', () => {
    expect(asking({ code: 'FASTING' })).toEqual(['glucose']);
    expect(asking({ default: 'N' })).toEqual(['glucose']);
  });
  const question = {
    id: 1,
    code: 'Q',
    value: '?',
    type: 'text' as const,
    sequence: 1,
    answers: [],
    constraint: null,
    default: null,
  };

  test('no smaller set exists (against trying all of them)', () => {
    const universe = ['a', 'b', 'c', 'd', 'e', 'f'];
    const menu = fc.array(fc.subarray(universe, { minLength: 1 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(menu, fc.subarray(universe, { minLength: 1 }), (yields, wanted) => {
        const offered = yields.map((slugs, index) => simpleMarker(index + 1, slugs));
        const covers = (set: Marker[]) =>
          wanted.every((slug) => set.some((marker) => marker.expected_results.some((result) => result.slug === slug)));
        fc.pre(covers(offered));
        const found = smallestMarkerSet(wanted, offered, { markers: [], aoe_answers: [] });
        expect(covers(found)).toBe(true);
        expect(found).toHaveLength(
          Math.min(
            ...subsets(offered)
              .filter(covers)
              .map((set) => set.length),
          ),
        );
      }),
    );
  });
});

test('D5: the reason of a sample error, as far as a status detail can express it', () => {
  expect(statusDetailOf(missing('quantity_not_sufficient_failure'))).toBe('sample_quantity_not_sufficient');
  expect(statusDetailOf(missing('collection_process_failure'))).toBe('sample_improper_collection');
  expect(statusDetailOf(missing('unknown_failure'))).toBeNull();
});

function simpleMarker(id: number, slugs: string[]): Marker {
  const [like] = labcorp;
  const [result] = like?.expected_results ?? [];
  if (!like || !result) throw new Error('The catalogue is empty');
  return { ...like, id, aoe: { questions: [] }, expected_results: slugs.map((slug) => ({ ...result, slug })) };
}

function subsets<T>(items: T[]): T[][] {
  const [first, ...rest] = items;
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((set) => [set, [first, ...set]]);
}
