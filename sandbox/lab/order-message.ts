/** Reading and checking the order messages (`ORM^O01`, `OML^O21`) that arrive at a laboratory. */
import { randomUUID } from 'node:crypto';
import type { HL7Node } from 'node-hl7-client';
import type { Laboratory } from './catalogue.ts';
import { type Complaint, parseMessage, segmentsOf, valueAt } from './hl7.ts';

/** Who sent a message and how to answer it. */
export interface Header {
  trigger: string;
  controlId: string;
  application: string;
  facility: string;
}

/** An order as the laboratory takes it down. */
export interface Requisition {
  placer: string;
  /** It came over MLLP, and so its results go; absent where it came over HTTP. */
  over?: 'mllp';
  /** MSH-3/4 of the order: where results are addressed to. */
  sender: {
    application: string;
    facility: string /** It came over MLLP, and so its results go; absent where it came over HTTP. */;
    over?: 'mllp';
  };
  /** The `PID` segment as it came. */
  patient: string;
  tests: { code: string; clinicalInformation: string }[];
}

/** What an order message asks for. */
export interface OrderMessage {
  header: Header;
  control: 'NW' | 'CA' | null;
  placer: string;
  requisition: Requisition;
  /** Why the laboratory cannot take it; empty when it can. */
  complaints: Complaint[];
}

/** A control id (MSH-10) that no other message has. */
export function newControlId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 20).toUpperCase();
}

/** Reads an order message and checks it against the laboratory's menu; throws when the text is no HL7 message. */
export function readOrderMessage(text: string, lab: Laboratory): OrderMessage {
  const message = parseMessage(text);
  const segments = segmentsOf(message);
  const all = (name: string) => segments.filter((segment) => segment.name === name);
  const [msh] = all('MSH');
  const [pid] = all('PID');
  const [orc] = all('ORC');
  const header = {
    trigger: valueAt(msh, '9.2'),
    controlId: valueAt(msh, '10'),
    application: valueAt(msh, '3'),
    facility: valueAt(msh, '4'),
  };
  const control = (['NW', 'CA'] as const).find((code) => code === valueAt(orc, '1')) ?? null;
  const placer = valueAt(orc, '2');
  const complaints = [...headerComplaints(msh, lab), ...controlComplaints(all('ORC'))];
  if (control === 'NW') {
    if (all('PV1').length === 0) complaints.push({ location: 'PV1', code: 100, text: 'There is no PV1 segment.' });
    complaints.push(...patientComplaints(pid), ...testComplaints(segments, placer, lab));
  }
  return {
    header,
    control,
    placer,
    requisition: {
      placer,
      sender: { application: header.application, facility: header.facility },
      patient: pid?.toString() ?? '',
      tests: all('OBR').map((obr) => ({ code: valueAt(obr, '4.1'), clinicalInformation: valueAt(obr, '13') })),
    },
    complaints,
  };
}

function required(segment: HL7Node | undefined, location: string, place: string, what: string): Complaint[] {
  return valueAt(segment, place) ? [] : [{ location, code: 101, text: `${what} is missing.` }];
}

function headerComplaints(msh: HL7Node | undefined, lab: Laboratory): Complaint[] {
  const complaints = required(msh, 'MSH^1^10', '10', 'The control id');
  const type = `${valueAt(msh, '9.1')}^${valueAt(msh, '9.2')}`;
  if (type !== lab.hl7.order_message) {
    const text = `${lab.name} takes orders as ${lab.hl7.order_message}, not as ${type}.`;
    complaints.push({ location: 'MSH^1^9', code: 200, text });
  }
  if (valueAt(msh, '12') !== '2.5.1') {
    complaints.push({ location: 'MSH^1^12', code: 203, text: 'Only version 2.5.1 is spoken here.' });
  }
  return complaints;
}

function controlComplaints(orcs: HL7Node[]): Complaint[] {
  const [first] = orcs;
  if (!first) return [{ location: 'ORC', code: 100, text: 'There is no ORC segment.' }];
  const complaints = required(first, 'ORC^1^2', '2', 'The placer order number');
  orcs.forEach((orc, index) => {
    const control = valueAt(orc, '1');
    if (control !== 'NW' && control !== 'CA') {
      const text = `The order control is ${control || 'empty'}; NW and CA are known.`;
      complaints.push({ location: `ORC^${index + 1}^1`, code: 103, text });
    }
    if (control !== valueAt(first, '1') || valueAt(orc, '2') !== valueAt(first, '2')) {
      const text = 'One message carries one order: order control and placer order number must be the same throughout.';
      complaints.push({ location: `ORC^${index + 1}^2`, code: 102, text });
    }
  });
  return complaints;
}

function patientComplaints(pid: HL7Node | undefined): Complaint[] {
  if (!pid) return [{ location: 'PID', code: 100, text: 'There is no PID segment.' }];
  const complaints = [
    ...required(pid, 'PID^1^3', '3.1', 'The patient id'),
    ...required(pid, 'PID^1^5', '5.1', "The patient's family name"),
    ...required(pid, 'PID^1^5', '5.2', "The patient's given name"),
    ...required(pid, 'PID^1^7', '7', "The patient's date of birth"),
    ...required(pid, 'PID^1^8', '8', "The patient's sex"),
  ];
  const birth = valueAt(pid, '7');
  if (birth && !isDate(birth)) {
    complaints.push({ location: 'PID^1^7', code: 102, text: 'The date of birth is not a date (YYYYMMDD).' });
  }
  const sex = valueAt(pid, '8');
  if (sex && !['F', 'M', 'O', 'U'].includes(sex)) {
    complaints.push({ location: 'PID^1^8', code: 103, text: 'The sex is none of F, M, O, U.' });
  }
  return complaints;
}

function isDate(text: string): boolean {
  const parts = /^(\d{4})(\d{2})(\d{2})/.exec(text);
  if (!parts) return false;
  const iso = parts.slice(1).join('-');
  const time = Date.parse(iso);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(iso);
}

function testComplaints(segments: HL7Node[], placer: string, lab: Laboratory): Complaint[] {
  const complaints: Complaint[] = [];
  const seen = new Set<string>();
  let sequence = 0;
  segments.forEach((segment, index) => {
    if (segment.name !== 'OBR') return;
    sequence += 1;
    const code = valueAt(segment, '4.1');
    const at = (field: number) => `OBR^${sequence}^${field}`;
    if (valueAt(segment, '2') !== placer) {
      complaints.push({ location: at(2), code: 102, text: 'The placer order number is not that of ORC-2.' });
    }
    const test = lab.menu.get(code);
    if (!test) {
      const text = code ? `${lab.name} has no test ${code}.` : 'The test code is missing.';
      complaints.push({ location: at(4), code: code ? 103 : 101, text });
    } else if (seen.has(code)) {
      complaints.push({ location: at(4), code: 205, text: `Test ${code} is ordered twice.` });
    } else {
      const answers = answersBelow(segments, index);
      for (const question of test.aoe.questions) {
        const answer = answers.get(question.code);
        if (!answer && question.required) {
          complaints.push({ location: at(4), code: 101, text: `Test ${code} needs an answer to ${question.code}.` });
        }
        if (answer && question.answers.length > 0 && !question.answers.some((choice) => choice.code === answer)) {
          complaints.push({ location: at(4), code: 103, text: `${question.code} has no answer ${answer}.` });
        }
      }
    }
    seen.add(code);
  });
  if (sequence === 0) complaints.push({ location: 'OBR', code: 100, text: 'There is no OBR segment.' });
  return complaints;
}

/** Answers to questions (OBX) that follow an OBR, by question code. */
function answersBelow(segments: HL7Node[], obr: number): Map<string, string> {
  const after = segments.slice(obr + 1);
  const next = after.findIndex((segment) => segment.name === 'OBR');
  const own = next === -1 ? after : after.slice(0, next);
  const answers = own.filter((segment) => segment.name === 'OBX');
  return new Map(answers.map((obx) => [valueAt(obx, '3.1'), valueAt(obx, '5.1')]));
}
