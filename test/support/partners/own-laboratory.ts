/** A laboratory that answers orders over HTTP as a test wants it, in the place of a sandbox laboratory. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { LabConnection } from '../../../domain/catalogue/lab-connection.ts';
import { findLabConnection, setLabConnection } from '../../../store/connections/lab-connections.ts';
import type { Store } from '../../../store/open.ts';

/** An order as it came. */
export interface ReceivedOrder {
  text: string;
  control_id: string;
  /** An acknowledgment of it. */
  acknowledged(code: string, words?: string): string;
}

const HEADER = 'MSH|^~\\&|LAB|LAB|VENULE|1|20261121090000||ACK^O21^ACK|A-1|P|2.5.1';

/** @param changes How else the connection is different while the laboratory is there. */
export async function ownLaboratory(
  store: Store,
  lab: string,
  answer: (order: ReceivedOrder, response: ServerResponse) => void,
  changes: Partial<LabConnection> = {},
) {
  const received: string[] = [];
  const server = createServer(async (request, response) => {
    const message = await text(request);
    received.push(message);
    const control_id = message.split('|')[9] ?? '';
    const acknowledged = (code: string, words = '') => `${HEADER}\rMSA|${code}|${control_id}|${words}\r`;
    answer({ text: message, control_id, acknowledged }, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const known = await findLabConnection(store, lab, 'sandbox');
  if (!known) throw new Error(`${lab} has no sandbox connection`);
  const orders = { kind: 'http', url, user: 'venule', password: 'outward' } as const;
  await setLabConnection(store, { ...known, orders, ...changes });
  return {
    received,
    async close(): Promise<void> {
      await setLabConnection(store, known);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
