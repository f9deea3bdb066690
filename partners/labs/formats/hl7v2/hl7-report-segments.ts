/** The segments of an ORU^R01, sorted into orders and their tests. */
import type { Hl7Problem, ReceivedSegment } from './hl7-message.ts';
import type { Pace, Steps } from './steps.ts';

/** One OBR with what stands under it. */
export interface TestSegments {
  obr: ReceivedSegment;
  notes: string[];
  observations: { obx: ReceivedSegment; notes: string[] }[];
  specimens: ReceivedSegment[];
}

/** The tests of one order, and the patient they were done for. */
export interface OrderSegments {
  pid: ReceivedSegment;
  orc: ReceivedSegment | undefined;
  placerOrderNumber: string;
  tests: TestSegments[];
}

/**
 * Sorts the segments after MSH into orders: OBRs of one patient with one placer order number (OBR-2,
 * else ORC-2). Segments that a report doesn't need are passed over; one that stands where it can't
 * is put among `problems`.
 */
export function* groupingOrders(
  segments: readonly ReceivedSegment[],
  header: ReceivedSegment,
  problems: Hl7Problem[],
  pace: Pace,
): Steps<OrderSegments[]> {
  const orders = new Orders();
  let pid: ReceivedSegment | undefined;
  let orc: ReceivedSegment | undefined;
  let test: TestSegments | undefined;
  let notes: string[] | undefined;

  for (const segment of segments) {
    if (pace.isTurnOver(segment.length)) yield;
    if (segment.name === 'PID') {
      pid = segment;
      orc = undefined;
      test = undefined;
      notes = undefined;
    } else if (segment.name === 'ORC') {
      orc = segment;
      test = undefined;
      notes = undefined;
    } else if (segment.name === 'OBR') {
      test = { obr: segment, notes: [], observations: [], specimens: [] };
      notes = test.notes;
      if (pid) orders.of(pid, orc, segment).tests.push(test);
      else problems.push(segment.problem('100', 'An OBR must follow the PID of its patient'));
    } else if (segment.name === 'OBX') {
      const observation = { obx: segment, notes: [] };
      notes = observation.notes;
      if (test) test.observations.push(observation);
      else problems.push(segment.problem('100', 'An OBX must follow the OBR of its test'));
    } else if (segment.name === 'SPM') {
      notes = undefined;
      if (test) test.specimens.push(segment);
      else problems.push(segment.problem('100', 'An SPM must follow the OBR of its test'));
    } else if (segment.name === 'NTE') {
      const lines = segment.lines(3);
      if (lines.some((line) => line.trim() !== '')) for (const line of lines) notes?.push(line);
    }
  }
  if (!segments.some((segment) => segment.name === 'PID')) {
    problems.push({ ...header.problem('100', 'A report needs a PID segment'), segment: 'PID' });
  }
  if (!segments.some((segment) => segment.name === 'OBR')) {
    problems.push({ ...header.problem('100', 'A report needs an OBR segment'), segment: 'OBR' });
  }
  return orders.all;
}

/** The orders of a message, each found by its patient and number. */
class Orders {
  readonly all: OrderSegments[] = [];
  readonly #byPatient = new Map<ReceivedSegment, Map<string, OrderSegments>>();

  of(pid: ReceivedSegment, orc: ReceivedSegment | undefined, obr: ReceivedSegment): OrderSegments {
    const placerOrderNumber = obr.text(2) || orc?.text(2) || '';
    const ofPatient = this.#byPatient.get(pid) ?? new Map<string, OrderSegments>();
    this.#byPatient.set(pid, ofPatient);
    const known = ofPatient.get(placerOrderNumber);
    if (known) return known;
    const order = { pid, orc, placerOrderNumber, tests: [] };
    ofPatient.set(placerOrderNumber, order);
    this.all.push(order);
    return order;
  }
}
