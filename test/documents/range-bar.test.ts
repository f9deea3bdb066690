import { numberIn, positionOf } from '../../documents/result-report/range-bar.ts';

describe('A7: where a value lies on the range bar', () => {
  it.each([
    ['at the low end', 70, 70, 100, 0.25],
    ['in the middle', 85, 70, 100, 0.5],
    ['at the high end', 100, 70, 100, 0.75],
    ['far above', 900, 70, 100, 1],
    ['far below', -900, 70, 100, 0],
    ['below an upper limit', 50, null, 100, 0.375],
    ['at a lower limit', 40, 40, null, 0.25],
    ['well above a lower limit', 400, 40, null, 1],
  ] as const)('%s', (_, value, low, high, position) => {
    expect(positionOf(value, low, high)).toBeCloseTo(position);
  });

  it('is nowhere without a range, or with one that is none', () => {
    expect(positionOf(1, null, null)).toBeNull();
    expect(positionOf(1, 5, 5)).toBeNull();
    expect(positionOf(1, null, 0)).toBeNull();
  });

  it.each([
    ['5.9', 5.9],
    ['<0.1', 0.1],
    ['≥ 60', 60],
    ['1,250', 1250],
    ['-2.5', -2.5],
    ['.5', 0.5],
  ])('reads the number in %s', (printed, number) => {
    expect(numberIn(printed)).toBe(number);
  });

  it.each(['Negative', '1:40', '3-5', '', 'See note 2'])('reads no number in "%s"', (printed) => {
    expect(numberIn(printed)).toBeNull();
  });
});
