/** What follows from what in a specimen, so that a report's values hang together: its sums, ratios and fractions are those of its parts. */

/** Where values are drawn from that others are reckoned from: low, high, decimals. Chosen so that what follows is normal, too. */
const SOURCES: Record<string, readonly [low: number, high: number, decimals: number]> = {
  'hdl-cholesterol': [45, 65, 0],
  'ldl-cholesterol-calculated': [50, 90, 0],
  triglycerides: [50, 120, 0],
  rbc: [4.15, 5.15, 2],
  mcv: [84, 93, 0],
  mchc: [32.6, 34.9, 1],
  wbc: [4.5, 8.9, 1],
  'lymphocytes-percent': [20, 34, 0],
  'monocytes-percent': [5, 9, 0],
  'eosinophils-percent': [1, 4, 0],
  'basophils-percent': [0, 1, 0],
  iron: [60, 140, 0],
  uibc: [195, 280, 0],
  't4-total': [5.2, 10.8, 1],
  't3-uptake': [26, 37, 0],
  'hemoglobin-a1c': [4.4, 5.3, 1],
  'bilirubin-total': [0.4, 0.9, 1],
  'urine-albumin': [2, 8, 0],
  'urine-creatinine': [45, 250, 0],
  'prothrombin-time': [10.2, 11.8, 1],
  creatinine: [0.65, 1.15, 2],
};

type Lookup = (slug: string) => number;

/** An absolute count: so many percent of the white cells. */
const share = (slug: string) => (of: Lookup) => (of('wbc') * of(slug)) / 100;

/** What follows, by analyte. Units are the catalogue's. */
const FOLLOWS: Record<string, (of: Lookup) => number> = {
  'vldl-cholesterol-calculated': (of) => Math.round(of('triglycerides') / 5),
  'non-hdl-cholesterol': (of) => of('ldl-cholesterol-calculated') + Math.round(of('triglycerides') / 5),
  'cholesterol-total': (of) => of('hdl-cholesterol') + of('non-hdl-cholesterol'),
  'ldl-cholesterol-direct': (of) => of('ldl-cholesterol-calculated'),
  'apolipoprotein-b': (of) => 0.9 * of('ldl-cholesterol-calculated'),
  hematocrit: (of) => (of('rbc') * of('mcv')) / 10,
  hemoglobin: (of) => (of('hematocrit') * of('mchc')) / 100,
  mch: (of) => (of('mcv') * of('mchc')) / 100,
  'neutrophils-percent': (of) =>
    100 - of('lymphocytes-percent') - of('monocytes-percent') - of('eosinophils-percent') - of('basophils-percent'),
  'neutrophils-absolute': share('neutrophils-percent'),
  'lymphocytes-absolute': share('lymphocytes-percent'),
  'monocytes-absolute': share('monocytes-percent'),
  'eosinophils-absolute': share('eosinophils-percent'),
  'basophils-absolute': share('basophils-percent'),
  tibc: (of) => of('iron') + of('uibc'),
  'iron-saturation': (of) => (100 * of('iron')) / of('tibc'),
  'free-thyroxine-index': (of) => (of('t4-total') * of('t3-uptake')) / 100,
  'estimated-average-glucose': (of) => 28.7 * of('hemoglobin-a1c') - 46.7,
  'bilirubin-direct': (of) => 0.25 * of('bilirubin-total'),
  'albumin-creatinine-ratio': (of) => (100 * of('urine-albumin')) / of('urine-creatinine'),
  inr: (of) => of('prothrombin-time') / 11,
  // CKD-EPI 2021, as for a man of 45.
  egfr: (of) => {
    const ratio = of('creatinine') / 0.9;
    return 142 * Math.min(ratio, 1) ** -0.302 * Math.max(ratio, 1) ** -1.2 * 0.9938 ** 45;
  },
};

/** Whether an analyte's value is reckoned from others'. */
export const follows = (slug: string): boolean => slug in FOLLOWS;

/**
 * The value of an analyte that hangs together with others; undefined for one that stands alone.
 * @param position Where in its range a value lies that nothing determines, from 0 to 1, by analyte.
 * @param given A value that is settled already; what follows from it follows from that one.
 */
export function relatedValue(
  slug: string,
  position: (slug: string) => number,
  given?: { slug: string; value: number },
): number | undefined {
  if (given?.slug === slug) return given.value;
  const source = SOURCES[slug];
  if (source) {
    const [low, high, decimals] = source;
    return Number((low + (high - low) * position(slug)).toFixed(decimals));
  }
  return FOLLOWS[slug]?.((other) => relatedValue(other, position, given) ?? Number.NaN);
}
