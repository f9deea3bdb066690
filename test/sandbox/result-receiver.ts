/** The other side of the sandbox laboratory: takes its results. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hl7Message } from '@medplum/core';

/** Keeps the messages it is sent, and answers as told. */
export class ResultReceiver {
  readonly texts: string[] = [];
  /** Answers for the messages to come; `AA` when none is left. */
  answers: ('AA' | 'AE' | 'AR' | 503)[] = [];
  readonly #authorization: string;
  #server: Server | undefined;
  #port = 0;

  constructor(authorization: string) {
    this.#authorization = authorization;
  }

  get messages(): Hl7Message[] {
    return this.texts.map((text) => Hl7Message.parse(text));
  }

  /** What the laboratory is given as the address for results. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/{lab}`;
  }

  /** Listens; after a `close` on the same port again. */
  async open(): Promise<void> {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      this.texts.push(text);
      const answer = this.answers.shift() ?? 'AA';
      const authorized = request.headers.authorization === this.#authorization;
      const controlId = Hl7Message.parse(text).getSegment('MSH')?.getComponent(10, 1);
      if (answer === 503 || !authorized) response.writeHead(authorized ? 503 : 401).end();
      else response.end(`MSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|${answer}|${controlId}\r`);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    this.#server = undefined;
  }
}
