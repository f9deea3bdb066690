/** The segments of an ORU^R01, sorted into orders and their tests. */
import type { LabProfile } from '../../../../../domain/catalogue/lab-profile.ts';
import { isOurNumber } from '../../../../../domain/orders/placer-order-number.ts';
import type { Hl7Problem, ReceivedSegment } from '../hl7-message.ts';
import type { Pace, Steps } from '../steps.ts';

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
 * else ORC-2). Segments that a report doesn't need are passed over. What stands before the segment that it belongs to waits
 * for it: notes about the patient or the order, and in messages about specimens (OUL) the SPM before its tests.
 */
export function* groupingOrders(
  segments: readonly ReceivedSegment[],
  header: ReceivedSegment,
  profile: LabProfile,
  remarks: Hl7Problem[],
  pace: Pace,
): Steps<OrderSegments[]> {
  const specimensFirst = header.text(9, 1) === 'OUL';
  const orders = new Orders(profile);
  let pid: ReceivedSegment | undefined;
  let orc: ReceivedSegment | undefined;
  let test: TestSegments | undefined;
  let notes: string[] = [];
  let early = nothingYet();

  for (const segment of ordersFirst(segments, header)) {
    if (pace.isTurnOver(segment.length)) yield;
    if (segment.isBroken) {
      const words = 'The lines below this segment are no segments: they were taken for a part of it';
      remarks.push(segment.problem('100', words));
    }
    if (segment.name === 'PID' || segment.name === 'ORC') {
      if (segment.name === 'PID') {
        if (pid) {
          orders.takeEarly(early, pid, orc, header);
          early = nothingYet();
        }
        pid = segment;
        orc = undefined;
      } else {
        orc = segment;
      }
      if (test) early = nothingYet();
      test = undefined;
      notes = early.notes;
    } else if (segment.name === 'OBR') {
      if (!pid) {
        remarks.push(segment.problem('100', 'There is no PID before this OBR: nobody knows whose it is'));
        pid = header.empty('PID');
      }
      test = {
        obr: segment,
        notes: [...early.notes],
        observations: early.observations,
        specimens: [...early.specimens],
      };
      early = { ...nothingYet(), specimens: specimensFirst ? early.specimens : [] };
      notes = test.notes;
      orders.of(pid, orc, segment).tests.push(test);
    } else if (segment.name === 'OBX') {
      const observation = { obx: segment, notes: [] };
      notes = observation.notes;
      if (!test) remarks.push(segment.problem('100', 'There is no OBR before this OBX: it counts to the next test'));
      (test ?? early).observations.push(observation);
    } else if (segment.name === 'SPM') {
      notes = [];
      if (specimensFirst) {
        early = { ...early, specimens: [segment] };
        test = undefined;
      } else {
        (test ?? early).specimens.push(segment);
      }
    } else if (segment.name === 'NTE') {
      const lines = segment.lines(3);
      if (lines.some((line) => line.trim() !== '')) for (const line of lines) notes.push(line);
    }
  }
  if (pid) orders.takeEarly(early, pid, orc, header);
  return orders.all;
}

/** Reports by specimen (OUL^R22 to R24) have each ORC below its OBR: puts it above, as all others have it. */
function ordersFirst(segments: readonly ReceivedSegment[], header: ReceivedSegment): readonly ReceivedSegment[] {
  const first = segments.find(({ name }) => name === 'OBR' || name === 'ORC')?.name;
  if (!/^R2[2-4]$/.test(header.text(9, 2)) || first === 'ORC') return segments;
  const sorted: ReceivedSegment[] = [];
  let obr: number | undefined;
  for (const segment of segments) {
    if (segment.name === 'ORC' && obr !== undefined) sorted.splice(obr, 0, segment);
    else sorted.push(segment);
    if (segment.name === 'OBR') obr = sorted.length - 1;
    else if (['ORC', 'SPM', 'PID'].includes(segment.name)) obr = undefined;
  }
  return sorted;
}

/** What waits for the OBR that it belongs to. */
type EarlySegments = Omit<TestSegments, 'obr'>;

const nothingYet = (): EarlySegments => ({ notes: [], observations: [], specimens: [] });

/** The orders of a message, each found by its patient and number. */
class Orders {
  readonly all: OrderSegments[] = [];
  readonly #profile: LabProfile;

  constructor(profile: LabProfile) {
    this.#profile = profile;
  }

  /** Results of a patient that no OBR came for belong to the patient's last test; to one that says nothing where there is none. */
  takeEarly(early: EarlySegments, pid: ReceivedSegment, orc: ReceivedSegment | undefined, header: ReceivedSegment) {
    if (early.observations.length === 0) return;
    const before = this.all.at(-1);
    const last = before?.pid === pid ? before.tests.at(-1) : undefined;
    if (last) for (const observation of early.observations) last.observations.push(observation);
    else this.of(pid, orc, header.empty('OBR')).tests.push({ ...early, obr: header.empty('OBR') });
  }

  readonly #byPatient = new Map<ReceivedSegment, Map<string, OrderSegments>>();

  of(pid: ReceivedSegment, orc: ReceivedSegment | undefined, obr: ReceivedSegment): OrderSegments {
    const before = this.all.at(-1);
    const placerOrderNumber =
      numberIn(
        [this.#byProfile(pid, orc, obr), obr.text(2), orc?.text(2) ?? ''],
        [obr.text(18), obr.text(19), pid.text(18)],
      ) ?? (before?.pid === pid ? before.placerOrderNumber : '');
    const ofPatient = this.#byPatient.get(pid) ?? new Map<string, OrderSegments>();
    this.#byPatient.set(pid, ofPatient);
    const known = ofPatient.get(placerOrderNumber);
    if (known) return known;
    const order = { pid, orc, placerOrderNumber, tests: [] };
    ofPatient.set(placerOrderNumber, order);
    this.all.push(order);
    return order;
  }

  /** What stands where the laboratory's profile says that our number comes back; empty where it says nothing. */
  #byProfile(...segments: (ReceivedSegment | undefined)[]): string {
    const [name, field, component] = this.#profile.placer_order_number?.split(/[-.]/) ?? [];
    const segment = segments.find((each) => each?.name === name);
    return segment?.text(Number(field), Number(component ?? 1)) ?? '';
  }
}

/**
 * The placer order number: ours, wherever it stands; else whatever stands where it belongs. Undefined where nothing does:
 * some laboratories number only the first of many tests.
 */
function numberIn(own: readonly string[], elsewhere: readonly string[]): string | undefined {
  const ours = [...own, ...elsewhere].find(isOurNumber);
  return ours?.toUpperCase() ?? own.find((text) => text !== '');
}
