import { addressFaults, addressWarnings } from '../../domain/appointments/appointment-checks.ts';
import { addressParts } from '../../partners/phlebotomy/us-address.ts';

const parts = (first_line: string, second_line: string | null = null) =>
  addressParts({ first_line, second_line, city: 'Phoenix', state: 'AZ' });
const faults = (...lines: Parameters<typeof parts>) => addressFaults(parts(...lines));
const warnings = (...lines: Parameters<typeof parts>) => addressWarnings(parts(...lines));

describe('C3: the address of a visit', () => {
  it.each([
    '350 5th Ave',
    'One Microsoft Way',
    '125A Elm St',
    '12-34 56th Ave',
    'N6W23001 Bluemound Rd',
    '500 E 200 S',
    '42 Broadway',
    '1500 County Road 12',
    '123 Avenue of the Americas',
    '22 Postbox Lane',
    '12 Elm Street, Gate 4',
    'Northwind Tower, Suite 3, 350 5th Ave',
  ])('can be reached: %s', (line) => {
    expect(faults(line)).toEqual([]);
  });

  it.each(['PO Box 123', 'P.O. Box 123', 'p o box 7', 'Post Office Box 7', 'POB 44', '123 Main St PO Box 5'])(
    'is refused as a PO box: %s',
    (line) => {
      expect(faults(line)).toEqual([expect.stringContaining('PO box')]);
    },
  );

  it('is refused for a PO box on the second line', () => {
    expect(faults('350 5th Ave', 'PO Box 9')).toEqual([expect.stringContaining('PO box')]);
  });

  it.each([
    'Main Street',
    'West Lincoln Street',
    '5th Avenue',
    '#5 Main St',
    '0 Main St',
    'Highway 61 North',
    'Lot 12 Sunset Rd',
    'General Delivery',
    'Rural Route 2 Box 15',
    'Corner of 5th and Main',
    '12',
    '',
  ])('is refused without a street number: "%s"', (line) => {
    expect(faults(line)).toEqual([expect.stringContaining('no street number')]);
  });

  it.each([
    ['350 5th Ave', 'Apt 4B', '4B'],
    ['350 5th Ave', '4B', '4B'],
    ['350 5th Ave', '# 12', '12'],
    ['Apt 9', '350 5th Ave', '9'],
    ['350 5th Ave, Suite 500', null, '500'],
    ['12 Elm St', 'Building C Apt 9', '9'],
    ['350 5th Ave', 'c/o Smith', null],
    ['350 5th Ave', null, null],
  ])('has its unit read: %s / %s', (first, second, unit) => {
    expect(parts(first, second)).toMatchObject({ unit, number: expect.any(String), po_box: false });
  });

  it.each([
    ['Sunset Apartments, 12 Elm St', null],
    ['100 Harbor Towers', null],
    ['12 Elm St', 'Bldg 4'],
    ['350 5th Ave Apt', null],
    ['12 Oak Mobile Home Park', null],
  ])('warns where a unit is missing: %s / %s', (first, second) => {
    expect(faults(first, second)).toEqual([]);
    expect(warnings(first, second)).toEqual([expect.stringContaining('add the unit')]);
  });

  it.each([
    ['350 5th Ave', null],
    ['12 Tower Rd', null],
    ['3 Villas Dr', null],
    ['100 Harbor Towers', 'Unit 4'],
  ])('does not warn without need: %s / %s', (first, second) => {
    expect(warnings(first, second)).toEqual([]);
  });
});
