/**
 * What laboratories send with their acknowledgment of an order: their own requisition (eReq), which is an OBX of type `ED`,
 * or a PDF in base64 in a note or in a segment of their own (docs/hl7.md, "The laboratory's requisition").
 */
import type { CarriedDocuments } from '../../laboratory-adapter.ts';
import { type Hl7Problem, Hl7Refused, locationOf, type ReceivedSegment, readingMessage } from './hl7-message.ts';
import { decodingBase64, isDocument, keptContent, type ReadDocument, readingDocument } from './reports/hl7-document.ts';
import { Pace, type Steps } from './steps.ts';

/** How a PDF begins in base64. */
const PDF_BEGINS = 'JVBERi0';
/** How many problems are named; a message can have thousands. */
const NAMED = 5;
const NAME = 'Requisition';

/**
 * Reads the documents of an acknowledgment, in steps. Nothing is thrown: whatever is wrong with one is among the problems,
 * and the decision stands.
 */
export function* readingCarried(text: string): Steps<CarriedDocuments> {
  const contents = new Map<string, Buffer>();
  const documents: CarriedDocuments['documents'] = [];
  const problems: Hl7Problem[] = [];
  try {
    const pace = new Pace();
    const mayBeAnywhere = text.includes(PDF_BEGINS);
    for (const segment of yield* readingMessage(text, pace)) {
      if (segment.name === 'OBX' && isDocument(segment)) {
        const before = problems.length;
        const read = yield* readingDocument(segment, contents, problems, pace);
        if (typeof read !== 'string' && read.hash !== null) documents.push(read);
        else if (problems.length === before) problems.push(segment.problem('102', WHY_NONE[whatIs(read)], 5));
      } else if (mayBeAnywhere && /^(OBX|NTE|Z)/.test(segment.name)) {
        documents.push(...(yield* readingPdfs(segment, contents, problems, pace)));
      }
    }
  } catch (error) {
    if (!(error instanceof Hl7Refused)) throw error;
    problems.push(error.problem);
  }
  return { documents, contents, problems: inWords(problems) };
}

const WHY_NONE = {
  nothing: 'OBX-5 holds an empty document',
  text: 'OBX-5 holds text and no document',
  withdrawn: 'OBX-11 takes a document back: ask the laboratory which one',
};

const whatIs = (read: ReadDocument) => (typeof read === 'string' ? read : 'withdrawn');

/** The PDFs in the fields of a segment, whatever type it says they have. */
function* readingPdfs(
  segment: ReceivedSegment,
  contents: Map<string, Buffer>,
  problems: Hl7Problem[],
  pace: Pace,
): Steps<CarriedDocuments['documents']> {
  const found: CarriedDocuments['documents'] = [];
  for (let field = 1; field <= segment.lastField; field += 1) {
    for (const component of yield* segment.readingComponents(field, pace)) {
      if (!component.startsWith(PDF_BEGINS)) continue;
      const content = yield* decodingBase64(component, pace);
      if (!content) {
        problems.push(segment.problem('102', 'This begins like a PDF in base64, and is not base64', field));
        continue;
      }
      const { codes: [code = null] = [], texts: [name = NAME] = [] } =
        (segment.name === 'OBX' && segment.coded(3)[0]) || {};
      found.push({ code, name, status: 'final', ...keptContent(content, new Set(['pdf']), contents) });
    }
  }
  return found;
}

/** The first problems, each with its place, and how many more there are. */
function inWords(problems: readonly Hl7Problem[]): string[] {
  const all = problems.map((problem) => `${locationOf(problem)}: ${problem.text}`);
  return all.length <= NAMED ? all : [...all.slice(0, NAMED), `and ${all.length - NAMED} more`];
}
