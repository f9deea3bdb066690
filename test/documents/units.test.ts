import { readableUnit } from '../../documents/result-report/units.ts';

describe('A7: units as people read them', () => {
  it.each([
    ['10*3/uL', '10³/mcL'],
    ['10*6/uL', '10⁶/mcL'],
    ['x10E3/uL', '10³/mcL'],
    ['10^12/L', '10¹²/L'],
    ['ug/dL', 'mcg/dL'],
    ['µg/L', 'mcg/L'],
    ['uIU/mL', 'mcIU/mL'],
    ['u[IU]/mL', 'mcIU/mL'],
    ['umol/L', 'mcmol/L'],
    ['mL/min/1.73m2', 'mL/min/1.73 m²'],
    ['mL/min/{1.73_m2}', 'mL/min/1.73 m²'],
    ['[pH]', 'pH'],
    ['{score}', 'score'],
    ['mm[Hg]', 'mmHg'],
    ['Cel', '°C'],
    ['mg/dL', 'mg/dL'],
    ['%', '%'],
    ['mmol/L', 'mmol/L'],
  ])('%s → %s', (unit, words) => {
    expect(readableUnit(unit)).toBe(words);
  });
});
