/** The other side of the sandbox laboratory: takes its results. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Hl7Message } from '@medplum/core';
import { ReceivingServer } from './receiving-server.ts';

/** Keeps the messages it is sent, and answers as told. */
export class ResultReceiver extends ReceivingServer {
  readonly texts: string[] = [];
  /** Answers for the messages to come; `AA` when none is left. */
  answers: ('AA' | 'AE' | 'AR' | 503)[] = [];
  readonly #authorization: string;

  constructor(authorization: string) {
    super();
    this.#authorization = authorization;
  }

  get messages(): Hl7Message[] {
    return this.texts.map((text) => Hl7Message.parse(text));
  }

  /** What the laboratory is given as the address for results. */
  get url(): string {
    return `${this.origin}/{lab}`;
  }

  protected override receive(body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const text = body.toString();
    this.texts.push(text);
    const answer = this.answers.shift() ?? 'AA';
    const authorized = request.headers.authorization === this.#authorization;
    const controlId = Hl7Message.parse(text).getSegment('MSH')?.getComponent(10, 1);
    if (answer === 503 || !authorized) response.writeHead(authorized ? 503 : 401).end();
    else response.end(`MSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|${answer}|${controlId}\r`);
  }
}
