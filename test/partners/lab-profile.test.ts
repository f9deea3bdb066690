/** What a laboratory's profile can say, and what is said about one that cannot be. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import { orderMessage } from '../../partners/labs/formats/hl7v2/hl7-order-message.ts';
import { parseProfile, WrongProfile } from '../../partners/labs/lab-profile.ts';
import { labOrder } from './lab-order.ts';

const root = join(import.meta.dirname, '../..');

test('codes, words and flags are put in capitals; codes of tests and results are not', () => {
  const profile = parseProfile(
    '{"reasons":{"lip":"non_failure"},"words":{" no specimen ":"text"},"flags":{"crit":"critical"},"tests":{"a1":"b2"}}',
  );
  expect(profile).toEqual({
    reasons: { LIP: 'non_failure' },
    words: { 'NO SPECIMEN': 'text' },
    flags: { CRIT: 'critical' },
    tests: { a1: 'b2' },
  });
});

test.each([
  ['{"comma":"point"}', /comma/],
  ['{"commma":"decimal"}', /commma/],
  ['{"reasons":{"LIP":"bad"}}', /reasons\.LIP/],
  ['{"words":{"":"text"}}', /words/],
  ['{"flags":{"CRIT":"panic"}}', /flags\.CRIT/],
  ['{"time_zone":"Chicago"}', /time_zone.*America\/Chicago/],
  ['{"character_set":"klingon"}', /character_set.*8859\/1/],
  ['{"placer_order_number":"OBX-3"}', /placer_order_number.*OBR-18/],
  ['{"placer_order_number":"OBR-0"}', /placer_order_number/],
  ['{"result_code_component":2}', /result_code_component/],
  ['{"tests":{"A":7}}', /tests\.A/],
  ['{"order_time":"now"}', /order_time/],
  ['[]', /the profile/],
  ['{', /not JSON/],
  [`{"tests":{${Array.from({ length: 9_000 }, (_, n) => `"${n}":"x"`).join()}}}`, /at most 64 KiB/],
])('%.40s is refused by name', (text, words) => {
  const refusal = () => parseProfile(text);
  expect(refusal).toThrow(WrongProfile);
  expect(refusal).toThrow(words);
});

test('what the catalog says of laboratories is a profile', () => {
  const labs = JSON.parse(readFileSync(join(root, 'store/catalogue/seed/labs.json'), 'utf8')) as Laboratory[];
  const profiles = labs.flatMap(({ profile }) => profile ?? []);
  expect(profiles.length).toBeGreaterThan(2);
  for (const profile of profiles) expect(parseProfile(JSON.stringify(profile))).toEqual(profile);
});

test('docs/lab-profiles.md has a line for each field, and an example that is a profile', () => {
  const docs = readFileSync(join(root, 'docs/lab-profiles.md'), 'utf8');
  const all = [...docs.matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field).sort();
  const whole: Required<LabProfile> = {
    reasons: {},
    words: {},
    flags: {},
    comma: 'decimal',
    time_zone: 'America/Chicago',
    character_set: '8859/1',
    result_code_component: 4,
    tests: {},
    results: {},
    placer_order_number: 'PID-4.1',
    order_time: 'sending',
  };
  expect(all).toEqual(Object.keys(parseProfile(JSON.stringify(whole))).sort());
  const [, example = ''] = /```json\n([^`]+)```/.exec(docs) ?? [];
  expect(parseProfile(example)).toMatchObject({ comma: 'decimal' });
});

test.each([
  ['nothing', {}, ''],
  ['the time of sending', { order_time: 'sending' }, '20261121080003+0000'],
] as const)('OBR-7 of our orders holds %s', (_what, profile, time) => {
  const text = orderMessage({ ...labOrder('labcorp', ['lipid-panel']), profile, purpose: 'NW' });
  const [obr = ''] = text.split('\r').filter((line) => line.startsWith('OBR'));
  expect(obr.split('|')[7]).toBe(time);
});
