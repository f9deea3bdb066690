/** Requisitions and three-page result reports of patients who have nothing in common but the panel. */
import type { RequisitionContent } from '../../documents/requisition/requisition.ts';
import type { ResultReportContent } from '../../documents/result-report/result-report.ts';
import {
  markersOf,
  orderOf,
  reportOf,
  requisitionOf,
  resultsOf,
  sampleOf,
  wellness,
} from '../../test/documents/examples.ts';
import { FIRST_NAMES, LAST_NAMES, rareName } from '../orders/names.ts';
import { chance } from '../orders/random.ts';

/** How many of each kind there are. */
const COUNT = 24;
/** So many times the panel's results are three pages. */
const TIMES = 2;

const panel = markersOf(wellness);

/** What is to be drawn, by kind. */
export interface Contents {
  requisition: RequisitionContent[];
  result: ResultReportContent[];
}

/** The same every time. */
export function contents(): Contents {
  const patients = Array.from({ length: COUNT }, (_, number) => {
    const person = chance(number);
    const { patient, address } = orderOf(panel);
    const first_name = person.common(FIRST_NAMES);
    const last_name = person.share() < 0.5 ? person.common(LAST_NAMES) : rareName(person);
    return {
      number: `VN${person.uuid().slice(0, 8).toUpperCase()}`,
      id: person.uuid(),
      patient: { ...patient, first_name, last_name, dob: `19${40 + (number % 50)}-0${1 + (number % 9)}-12` },
      address: { ...address, receiver_name: `${first_name} ${last_name}`, first_line: `${100 + number} Elm Street` },
    };
  });
  return {
    requisition: patients.map(({ number, id, patient, address }) =>
      requisitionOf(orderOf(panel, { id, placer_order_number: number, patient, address }), {
        booking_url: `https://venule.example/book/paper/${id}`,
      }),
    ),
    result: patients.map(({ number, id, patient }, index) => {
      const results = Array.from({ length: TIMES }, (_, time) =>
        resultsOf(panel, (place) => ((place + index) % 7 === 0 ? 'high' : 'inside')).map((result) => ({
          ...result,
          result: result.type === 'numeric' ? String(Number(result.result) + index) : result.result,
          slug: time === 0 ? result.slug : `${result.slug}-${time}`,
        })),
      ).flat();
      const sample = `S${number.slice(2)}`;
      return reportOf(
        panel,
        results.map((result) => ({ ...result, source_sample_id: sample })),
        [],
        {
          patient,
          patient_id: id,
          orders: [{ placer_order_number: number, origin: 'initial' }],
        },
        { [sample]: sampleOf(sample, 21) },
      );
    }),
  };
}
