/** HL7 messages over HTTP: docs/hl7.md, "Transport". */
import { callPartnerForBytes } from '../../http.ts';
import { PartnerUnreachable } from '../../partner-unreachable.ts';
import type { Carrier } from './carrier.ts';

/** Posts a message; what is answered is the acknowledgment. */
export const overHttp: Carrier<'http'> = async (message, on) => {
  const { orders, lab } = on;
  const { status, body } = await callPartnerForBytes({
    partner: lab,
    method: 'POST',
    url: orders.url,
    headers: {
      'content-type': 'application/hl7-v2; charset=utf-8',
      authorization: `Basic ${Buffer.from(`${orders.user}:${orders.password}`).toString('base64')}`,
    },
    body: message,
    timeoutMs: on.timeoutMs,
    longestAnswer: on.longestAnswer,
    makeRoom: on.makeRoom,
    credentials: `set the user and password that the lab gave you for account ${on.account}`,
    signal: on.signal,
  });
  if (status < 200 || status > 299) {
    throw new PartnerUnreachable(lab, 'configuration', {
      what: `answered ${status}`,
      toDo: 'check the URL of its connection with the lab',
    });
  }
  return body;
};
