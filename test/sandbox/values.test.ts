import { readCatalogue } from '../../sandbox/lab/catalogue.ts';
import { valueFor } from '../../sandbox/lab/values.ts';
import { newPlacerOrderNumber } from '../../store/orders/placer-order-number.ts';

const labs = [...readCatalogue().values()];
const numbers = Array.from({ length: 100 }, newPlacerOrderNumber);

/** Every number that a laboratory finds in a normal order, by analyte. */
function found(lab: (typeof labs)[number], placer: string) {
  const analytes = [...lab.menu.values()].flatMap((test) => test.expected_results);
  const values = new Map<string, number>();
  for (const analyte of analytes) {
    if (!analyte.reference_range) continue;
    const value = valueFor(analyte, placer, 'numeric', 'normal');
    expect([analyte.slug, value.flag]).toEqual([analyte.slug, 'N']);
    values.set(analyte.slug, Number(value.components[0]));
  }
  return (slug: string) => values.get(slug) as number;
}

describe.each(labs.map((lab) => [lab.slug, lab] as const))('F6: values of the sandbox laboratory %s', (_, lab) => {
  const has = (code: string) =>
    [...lab.menu.values()].some((test) => test.expected_results.some(({ slug }) => slug === code));

  it('are normal, and hang together, in every order', () => {
    for (const placer of numbers) {
      const of = found(lab, placer);
      if (has('non-hdl-cholesterol')) {
        expect(of('cholesterol-total') - of('hdl-cholesterol')).toBe(of('non-hdl-cholesterol'));
        expect(of('ldl-cholesterol-calculated') + of('vldl-cholesterol-calculated')).toBe(of('non-hdl-cholesterol'));
        expect(of('vldl-cholesterol-calculated')).toBeCloseTo(of('triglycerides') / 5, -0.5);
      }
      if (has('mcv')) {
        const percents = ['neutrophils', 'lymphocytes', 'monocytes', 'eosinophils', 'basophils'];
        expect(percents.reduce((sum, cell) => sum + of(`${cell}-percent`), 0)).toBe(100);
        for (const cell of percents) {
          const count = (of('wbc') * of(`${cell}-percent`)) / 100;
          expect(Math.abs(of(`${cell}-absolute`) - count)).toBeLessThanOrEqual(0.051);
        }
        expect(Math.abs(of('mcv') - (of('hematocrit') / of('rbc')) * 10)).toBeLessThanOrEqual(1.5);
        expect(Math.abs(of('mch') - (of('hemoglobin') / of('rbc')) * 10)).toBeLessThanOrEqual(0.5);
        expect(Math.abs(of('mchc') - (of('hemoglobin') / of('hematocrit')) * 100)).toBeLessThanOrEqual(0.8);
      }
      if (has('tibc')) expect(of('iron') + of('uibc')).toBe(of('tibc'));
      if (has('bilirubin-direct')) expect(of('bilirubin-direct')).toBeLessThan(of('bilirubin-total'));
    }
  });
});

it('F6: what follows from a value that is out of range follows from that value', () => {
  const lab = labs.find((one) => one.slug === 'labcorp');
  const analyte = (slug: string) => {
    const one = [...(lab?.menu.values() ?? [])]
      .flatMap((test) => test.expected_results)
      .find((each) => each.slug === slug);
    if (!one) throw new Error(`Labcorp tests ${slug}`);
    return one;
  };
  const striking = { slug: 'ldl-cholesterol-calculated', value: 180 };
  const value = (slug: string) => valueFor(analyte(slug), 'VX', 'numeric', 'normal', striking);
  const number = (slug: string) => Number(value(slug).components[0]);
  expect(number('non-hdl-cholesterol')).toBe(180 + number('vldl-cholesterol-calculated'));
  expect(number('cholesterol-total')).toBe(number('hdl-cholesterol') + number('non-hdl-cholesterol'));
  expect(value('non-hdl-cholesterol').flag).toBe('H');
});
