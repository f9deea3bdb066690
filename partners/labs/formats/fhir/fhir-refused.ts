/** A FHIR message of which nothing is taken in: its sender has to do something about it. */
export class FhirRefused extends Error {
  override name = 'FhirRefused';
  /** The HTTP status to answer with. */
  readonly status: 400 | 413 | 422;
  /** Of FHIR's issue types. */
  readonly code: 'structure' | 'too-long' | 'required';
  /** FHIRPath of what is wrong; never a value. */
  readonly expression: string;

  constructor(status: FhirRefused['status'], code: FhirRefused['code'], text: string, expression = 'Bundle') {
    super(text);
    this.status = status;
    this.code = code;
    this.expression = expression;
  }
}
