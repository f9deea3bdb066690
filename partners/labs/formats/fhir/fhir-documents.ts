/** Documents that come with a report (`presentedForm`), such as the laboratory's own PDF: docs/hl7.md, "Documents". */
import type { ReportedDocument } from '../../../../domain/results/lab-report.ts';
import { type DocumentContents, decodingBase64, keptContent } from '../hl7v2/reports/hl7-document.ts';
import type { Pace, Steps } from '../hl7v2/steps.ts';
import type { ReceivedBundle } from './fhir-bundle.ts';
import { codesOf } from './fhir-codes.ts';
import type { FhirElement, Remarks } from './fhir-element.ts';

const STATUSES: Readonly<Record<string, ReportedDocument['status']>> = {
  registered: 'preliminary',
  partial: 'preliminary',
  preliminary: 'preliminary',
  amended: 'corrected',
  corrected: 'corrected',
  'entered-in-error': 'withdrawn',
};

/** Reads the documents of a report, in steps. @param contents Where what was decoded is put. */
export function* readingDocuments(
  bundle: ReceivedBundle,
  report: FhirElement,
  contents: DocumentContents,
  remarks: Remarks,
  pace: Pace,
): Steps<ReportedDocument[]> {
  const documents: ReportedDocument[] = [];
  const { local, loinc, name } = codesOf(report.one('code'));
  const status = STATUSES[report.text('status').toLowerCase()] ?? 'final';
  for (const form of report.all('presentedForm')) {
    const about = { code: local ?? loinc, name: form.text('title') || name || 'Document', status };
    if (status === 'withdrawn') {
      documents.push({ ...about, hash: null, media_type: null, bytes: 0 });
      continue;
    }
    const binary = form.plainText('data').length > 0 ? form : bundle.at(form.text('url'));
    const data = binary?.plainText('data') ?? '';
    const content = data.length === 0 ? undefined : yield* decodingBase64(data, pace);
    if (content) {
      const declared = [form, binary].map((one) => one?.text('contentType').toLowerCase() ?? '');
      const words = new Set(declared.flatMap((type) => type.split(/[\s/;]+/)).filter(Boolean));
      documents.push({ ...about, ...keptContent(content, words, contents) });
    } else if (data.length > 0) {
      remarks.add(form, 'data', 'this is not base64: the document is left out');
    } else {
      remarks.add(form, 'url', 'the document is not in the message, and is not fetched: it is left out');
    }
  }
  return documents;
}
