import { specimenSource, tubesFor, tubesInWords } from '../../domain/catalogue/tubes.ts';
import { markers, markersOf, wellness } from '../documents/examples.ts';

const SST = '1 × SST (gold top), 5 mL';
const LAVENDER = '1 × lavender top (EDTA), 4 mL';
const URINE = '1 × urine tube, 10 mL, random clean catch';
const of = (...specimens: string[]) => tubesInWords(tubesFor(specimens));
const times = (count: number, specimen: string) => Array<string>(count).fill(specimen);

describe('A3: what is to be drawn, in one line', () => {
  it('tests share a tube as far as one is enough', () => {
    expect(of(...markersOf(wellness).map(({ specimen }) => specimen))).toBe('1 SST, 1 lavender');
    expect(of(URINE, ...times(9, SST), LAVENDER)).toBe('2 SST, 1 lavender, 1 urine cup');
    expect(of(...times(16, SST))).toBe('2 SST');
    expect(of(...times(17, SST))).toBe('3 SST');
    expect(of(...times(11, URINE))).toBe('2 urine cups');
  });

  it('never less than one test asks for, and as many as asked for of what we do not know', () => {
    expect(of('3 × SST (gold top), 5 mL', SST)).toBe('3 SST');
    expect(of('2 × purple cap jar', '1 × purple cap jar', 'breath bag')).toBe('3 purple cap jar, 1 breath bag');
    expect(of('')).toBe('');
  });

  it('in the order in which tubes are drawn', () => {
    expect(of(LAVENDER, SST, '1 × light blue top (3.2% sodium citrate), filled to the line, 2.7 mL')).toBe(
      '1 light blue, 1 SST, 1 lavender',
    );
  });

  it('knows every container of the catalogue', () => {
    for (const { specimen } of markers) {
      expect(tubesFor([specimen])).toHaveLength(1);
      expect(specimenSource(specimen)).toMatch(/^(Serum|Plasma|Whole blood|Urine|Dried blood spots)/);
    }
  });
});
