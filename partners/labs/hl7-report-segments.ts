/** The segments of an ORU^R01, sorted into orders and their tests. */
import type { Hl7Problem, ReceivedSegment } from './hl7-message.ts';

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
export function groupOrders(
  segments: readonly ReceivedSegment[],
  header: ReceivedSegment,
  problems: Hl7Problem[],
): OrderSegments[] {
  const orders: OrderSegments[] = [];
  let pid: ReceivedSegment | undefined;
  let orc: ReceivedSegment | undefined;
  let test: TestSegments | undefined;
  let notes: string[] | undefined;

  for (const segment of segments) {
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
      if (pid) orderOf(orders, pid, orc, segment).tests.push(test);
      else problems.push(segment.problem('100', 'An OBR stands under the PID of its patient'));
    } else if (segment.name === 'OBX') {
      const observation = { obx: segment, notes: [] };
      notes = observation.notes;
      if (test) test.observations.push(observation);
      else problems.push(segment.problem('100', 'An OBX stands under the OBR of its test'));
    } else if (segment.name === 'SPM') {
      notes = undefined;
      if (test) test.specimens.push(segment);
      else problems.push(segment.problem('100', 'An SPM stands under the OBR of its test'));
    } else if (segment.name === 'NTE') {
      const note = segment.freeText(3);
      if (note !== '') notes?.push(note);
    }
  }
  if (!segments.some((segment) => segment.name === 'PID')) {
    problems.push({ ...header.problem('100', 'A report needs a PID segment'), segment: 'PID' });
  }
  if (!segments.some((segment) => segment.name === 'OBR')) {
    problems.push({ ...header.problem('100', 'A report needs an OBR segment'), segment: 'OBR' });
  }
  return orders;
}

function orderOf(
  orders: OrderSegments[],
  pid: ReceivedSegment,
  orc: ReceivedSegment | undefined,
  obr: ReceivedSegment,
): OrderSegments {
  const placerOrderNumber = obr.text(2) || orc?.text(2) || '';
  const known = orders.find((order) => order.pid === pid && order.placerOrderNumber === placerOrderNumber);
  if (known) return known;
  const order = { pid, orc, placerOrderNumber, tests: [] };
  orders.push(order);
  return order;
}
