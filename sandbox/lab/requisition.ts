/** The laboratories' own requisitions (eReq), which some send with their acknowledgments: switched on by tests. */
import { buffer } from 'node:stream/consumers';
import PDFDocument from 'pdfkit';
import { z } from 'zod';
import type { Laboratory } from './catalogue.ts';
import { acknowledgement } from './hl7.ts';
import { newControlId, type OrderMessage } from './order-message.ts';
import { fillerNumber } from './report.ts';

/** The body of `POST /sandbox/requisitions`. */
export const RequisitionSwitch = z.strictObject({
  lab: z.string(),
  /** `answer`: in the answer to an order; `later`: the answer is CA, and an acknowledgment with it comes by itself. */
  sent: z.enum(['answer', 'later', 'never']),
  /** What stands in the place of the PDF: a web page, something that is not base64, or nothing. */
  content: z.enum(['pdf', 'web_page', 'broken', 'empty']).default('pdf'),
  /** How long it is at least, in bytes. */
  bytes: z.int().nonnegative().max(40_000_000).default(0),
});
export type RequisitionSwitch = z.infer<typeof RequisitionSwitch>;

/** Which laboratories send requisitions at the moment, and how; forgotten when the process ends. */
export class Requisitions {
  readonly #sent = new Map<string, RequisitionSwitch>();

  set(choice: RequisitionSwitch): void {
    if (choice.sent === 'never') this.#sent.delete(choice.lab);
    else this.#sent.set(choice.lab, choice);
  }

  /** How a laboratory sends them; undefined where it does not. */
  of(lab: string): RequisitionSwitch | undefined {
    return this.#sent.get(lab);
  }
}

/** An acknowledgment (`ORR^O02`, `ORL^O22`) that accepts an order, with its requisition in an OBX of type `ED`. */
export async function acknowledgementWithRequisition(
  lab: Laboratory,
  { header, placer, requisition: { patient } }: OrderMessage,
  { content, bytes }: RequisitionSwitch,
): Promise<string> {
  const type = header.trigger === 'O21' ? 'ORL^O22^ORL_O22' : 'ORR^O02^ORR_O02';
  const answer = { code: 'AA' as const, text: 'Order accepted', complaints: [], controlId: newControlId(), type };
  const filler = fillerNumber(lab, placer);
  const data = {
    pdf: async () => padded(await paperOf(lab, placer), bytes).toString('base64'),
    web_page: async () =>
      padded(Buffer.from(`<html>Requisition ${placer}</html>\n`.repeat(4)), bytes).toString('base64'),
    broken: async () => `JVBERi0*${'!'.repeat(Math.max(bytes, 80))}`,
    empty: async () => '',
  };
  return [
    acknowledgement(lab, header, answer).trimEnd(),
    patient,
    `ORC|OK|${placer}|${filler}`,
    `OBR|1|${placer}|${filler}|EREQ^Electronic requisition^L`,
    `OBX|1|ED|EREQ^Electronic requisition^L||${lab.hl7.facility}^application^pdf^Base64^${await data[content]()}||||||F`,
    '',
  ].join('\r');
}

/** The paper: the same for the same order, however often it is asked for. */
function paperOf(lab: Laboratory, placer: string): Promise<Buffer> {
  const info = { Title: `Requisition ${placer}`, Author: lab.name, CreationDate: new Date(0) };
  const paper = new PDFDocument({ size: 'LETTER', info });
  paper.fontSize(20).text(lab.name).fontSize(14).text(`Requisition ${placer}`);
  paper.text(`Laboratory number ${fillerNumber(lab, placer)}`);
  paper.moveDown().text('SANDBOX: NO REAL ORDER');
  paper.end();
  return buffer(paper as unknown as AsyncIterable<Uint8Array>);
}

/** The same with signs behind its end that nobody reads, so that it is so long. */
const padded = (content: Buffer, bytes: number) =>
  content.length >= bytes ? content : Buffer.concat([content, Buffer.alloc(bytes - content.length, '%')]);
