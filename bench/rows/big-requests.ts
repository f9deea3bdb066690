/**
 * Big requests: for how long the API can do nothing else while it answers one. Each is sent alone; the delay is the event
 * loop's longest in the API's own process.
 */
import { randomUUID } from 'node:crypto';
import { loadConfig } from '../../config/config.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';

const AT_MOST_MS = 200;

interface BigRequest {
  what: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** Sends each of them a few times and tells the longest delay. @param times How often. */
export async function bigRequests(parts: Parts, times: number): Promise<Measurement[]> {
  const api = await parts.program('api');
  const url = await api.ask<string>('url');
  const measurements: Measurement[] = [];
  for (const { what, path, headers, body } of requests(parts)) {
    const delays: number[] = [];
    const answers = new Set<number>();
    for (let n = 0; n < times; n += 1) {
      await api.ask<number>('longestDelay');
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        headers,
        body: body.replaceAll('CONTROL', randomUUID()),
      });
      await answer.text();
      answers.add(answer.status);
      delays.push(await api.ask<number>('longestDelay'));
    }
    measurements.push({
      row: 'big',
      what: `Event-loop delay of the API, ${what}`,
      measured: Math.max(...delays),
      unit: ' ms',
      budget: { atMost: AT_MOST_MS },
      detail: `${(body.length / 1e6).toFixed(1)} MB, answered ${[...answers].join(' and ')}, ${times} times`,
    });
  }
  await api.stop();
  return measurements;
}

function requests({ env, apiKey }: Parts): BigRequest[] {
  const { user, password } = loadConfig(env).sandboxCredentials;
  const many = <T>(count: number, segment: (n: number) => T) => Array.from({ length: count }, (_, n) => segment(n));
  const notes = many(10, (n) => `NTE|${n}|L|A comment of the laboratory`);
  const result = (n: number) => [`OBX|${n}|NM|C${n}^Glucose^L||92|mg/dL|70-99|N|||F|||20261120081500-0500`, ...notes];
  const message = (...segments: string[]) =>
    [
      'MSH|^~\\&|LAB|LAB|VENULE|1|20261120143000-0500||ORU^R01^ORU_R01|CONTROL|P|2.5.1',
      'PID|1||p1^^^VENULE^PI||Bell^Ana||19850312|F',
      'OBR|1|V0|A|005009^CBC^L|||20261120081500-0500|||||||||||||||20261120142500-0500|||F',
      ...segments,
    ].join('\r');
  const lab = {
    path: '/partners/labs/labcorp/hl7',
    headers: { 'content-type': 'application/hl7-v2', authorization: `Basic ${btoa(`${user}:${password}`)}` },
  };
  const caller = { headers: { 'content-type': 'application/json', 'x-vital-api-key': apiKey } };
  return [
    { ...lab, what: 'a report of 10,000 OBX and 100,000 NTE', body: message(...many(10_000, result).flat()) },
    { ...lab, what: 'a report of 60,000 OBX', body: message(...many(60_000, (n) => `OBX|${n}|NM|C^C^L||1||||||F`)) },
    { ...lab, what: 'a report of 10,000 wrong OBX', body: message(...many(10_000, (n) => `OBX|${n}|NM|||x||||||Q`)) },
    {
      ...caller,
      path: '/v3/order',
      what: 'an order of 2.6 million empty consents',
      body: JSON.stringify({ consents: many(2_600_000, () => '') }).replaceAll('""', '{}'),
    },
  ];
}
