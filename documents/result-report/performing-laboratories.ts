/** Who tested: name, address, director and CLIA number (42 CFR 493.1291(c)(2)), and where the report ends. */
import { phoneText } from '../../domain/people/phone.ts';
import type { SampleData } from '../../domain/results/results.ts';
import type { Sheet } from '../page/sheet.ts';
import { TEXT } from '../page/styles.ts';
import type { ResultReportContent } from './result-report.ts';

/** A laboratory as the report names it; `key` is how results refer to it. */
export interface PerformingPlace {
  key: string;
  name: string;
  address: string | null;
  phone: string | null;
  director: string | null;
  clia: string | null;
}

/** Who tested: the laboratories that the samples name, else the laboratory of the order. */
export function performingLaboratories(content: ResultReportContent): PerformingPlace[] {
  const { laboratory, result } = content;
  const named = Object.assign(
    {},
    ...Object.values(result.sample_information).map((s) => s.performing_laboratories),
  ) as SampleData['performing_laboratories'];
  const clia = (name: string) => {
    if (name === laboratory.name) return laboratory.clia_number;
    return name === result.metadata.laboratory ? result.metadata.clia_number : null;
  };
  const places = Object.entries(named).map(([key, place]) => ({
    key,
    name: place.name,
    address:
      place.address &&
      `${place.address.first_line}, ${place.address.city}, ${place.address.state} ${place.address.zip}`,
    phone: place.phone_number && phoneText(place.phone_number),
    director: place.medical_director,
    clia: clia(place.name),
  }));
  if (places.length > 0) return places;
  return [
    {
      key: laboratory.name,
      name: laboratory.name,
      address: `${laboratory.first_line_address}, ${laboratory.city}, ${laboratory.state} ${laboratory.zipcode}`,
      phone: phoneText(laboratory.phone),
      director: laboratory.medical_director,
      clia: laboratory.clia_number,
    },
  ];
}

/** Names them at the end of the report, and says that it ends there. */
export function placeLaboratories(sheet: Sheet, content: ResultReportContent): void {
  const places = performingLaboratories(content);
  sheet.ensure(heightOfPlaces(sheet, places.slice(0, 1)) + (places.length === 1 ? END_MARK : 0) + TEXT.heading.leading);
  sheet.y +=
    sheet.place(
      places.length > 1 ? 'Performing laboratories' : 'Performing laboratory',
      sheet.left,
      sheet.y,
      300,
      TEXT.heading,
    ) + 2;
  places.forEach((place, index) => {
    const isLast = index === places.length - 1;
    sheet.ensure(heightOfPlaces(sheet, [place]) + (isLast ? END_MARK : 0));
    sheet.flow(
      places.length > 1 ? `${index + 1}  ${place.name}` : place.name,
      sheet.left,
      sheet.width,
      TEXT.bodyStrong,
    );
    sheet.flow(factsOf(place), sheet.left, sheet.width, TEXT.small);
    sheet.y += 4;
  });
  sheet.y += 6;
  sheet.place('END OF REPORT', sheet.left, sheet.y, sheet.width, { ...TEXT.label, align: 'center' });
}

/** What the end mark needs; it never stands on a page of its own. */
const END_MARK = 24;

function heightOfPlaces(sheet: Sheet, places: PerformingPlace[]): number {
  return places.reduce(
    (sum, place) =>
      sum +
      sheet.heightOf(place.name, sheet.width, TEXT.bodyStrong) +
      sheet.heightOf(factsOf(place), sheet.width, TEXT.small) +
      4,
    0,
  );
}

function factsOf({ address, phone, director, clia }: PerformingPlace): string {
  return [address, phone, director && `Director: ${director}`, clia && `CLIA ${clia}`].filter(Boolean).join(' · ');
}
