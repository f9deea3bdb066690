import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { LabAccount, Laboratory, LabTest, Marker } from '../domain/catalogue/catalogue.ts';

const seed = <T>(name: string): T[] =>
  JSON.parse(readFileSync(path.join(import.meta.dirname, '../store/catalogue/seed', `${name}.json`), 'utf8'));

const labs = seed<Laboratory>('labs');
const markers = seed<Marker>('markers');
const labTests = seed<LabTest>('lab-tests');
const accounts = seed<LabAccount>('lab-accounts');
const results = markers.flatMap((marker) => marker.expected_results);
const markersOf = (test: LabTest) => test.marker_ids.map((id) => markers.find((marker) => marker.id === id));
const lab = (slug: string) => labs.find((candidate) => candidate.slug === slug);

const duplicates = (keys: unknown[]) => keys.filter((key, index) => keys.indexOf(key) !== index);
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The last digit of a LOINC code, by the mod 10 rule that LOINC uses. */
function loincCheckDigit(code: string): number {
  const [body = ''] = code.split('-');
  const sum = [...body].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

describe('the seeded catalogue', () => {
  test('offers Labcorp, Quest and BioReference under their known ids', () => {
    expect([lab('labcorp')?.id, lab('quest')?.id, lab('bioreference')?.id]).toEqual([27, 6, 30]);
  });

  test('has at least 80 markers and 12 lab tests', () => {
    expect(markers.length).toBeGreaterThanOrEqual(80);
    expect(labTests.length).toBeGreaterThanOrEqual(12);
  });

  test.each([
    ['laboratory ids', labs.map(({ id }) => id)],
    ['laboratory slugs', labs.map(({ slug }) => slug)],
    ['marker ids', markers.map(({ id }) => id)],
    ['test codes within a lab', markers.map(({ lab_id, provider_id }) => `${lab_id}/${provider_id}`)],
    ['marker slugs within a lab', markers.map(({ lab_id, slug }) => `${lab_id}/${slug}`)],
    ['expected result ids', results.map(({ id }) => id)],
    ['lab test ids', labTests.map(({ id }) => id)],
    ['lab test slugs', labTests.map(({ slug }) => slug)],
    ['lab account ids', accounts.map(({ id }) => id)],
    ['question ids', markers.flatMap(({ aoe }) => aoe.questions.map(({ id }) => id))],
    ['answer ids', markers.flatMap(({ aoe }) => aoe.questions.flatMap(({ answers }) => answers.map(({ id }) => id)))],
  ])('has unique %s', (_what, keys) => {
    expect(duplicates(keys)).toEqual([]);
  });

  test('has UUIDs of version 4 for lab tests and lab accounts', () => {
    expect([...labTests, ...accounts].filter(({ id }) => !UUID_V4.test(id))).toEqual([]);
  });

  test('has LOINC codes whose check digits are right', () => {
    const wrong = results.filter(({ loinc }) => !loinc.code.endsWith(`-${loincCheckDigit(loinc.code)}`));
    expect(wrong.map(({ loinc }) => loinc.code)).toEqual([]);
  });

  test('names an analyte the same way at every lab: slug, LOINC and unit agree', () => {
    const identities = new Set(
      results.map(({ slug, loinc }) => [slug, loinc.id, loinc.code, loinc.slug, loinc.unit].join('|')),
    );
    expect(identities.size).toBe(new Set(results.map(({ slug }) => slug)).size);
    expect(identities.size).toBe(new Set(results.map(({ loinc }) => loinc.code)).size);
    expect(results.filter(({ slug }) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug))).toEqual([]);
  });

  test('has one result code for an analyte at a lab, whichever marker yields it', () => {
    const pairs = markers.flatMap((marker) =>
      marker.expected_results.map((result) => [`${marker.lab_id}/${result.provider_id}`, result.slug] as const),
    );
    const unique = new Set(pairs.map((pair) => pair.join(' ')));
    expect(unique.size).toBe(new Set(pairs.map(([code]) => code)).size);
  });

  test('has ranges whose low end is below their high end, and critical limits outside of them', () => {
    const wrong = results.filter(({ reference_range: normal, critical_range: critical }) => {
      const low = normal?.low ?? Number.NEGATIVE_INFINITY;
      const high = normal?.high ?? Number.POSITIVE_INFINITY;
      return low >= high || (critical?.low ?? Number.NEGATIVE_INFINITY) > low || (critical?.high ?? high) < high;
    });
    expect(wrong.map(({ slug }) => slug)).toEqual([]);
  });

  test('gives every marker at least one result, and no result twice', () => {
    for (const marker of markers) {
      expect(marker.expected_results.length).toBeGreaterThan(0);
      expect(duplicates(marker.expected_results.map(({ slug }) => slug))).toEqual([]);
      expect(marker.price).toMatch(/^\d+\.\d{2}$/);
    }
  });

  test('bundles only active markers of the lab itself, collected a way that the lab offers', () => {
    for (const labTest of labTests) {
      const owner = labs.find(({ id }) => id === labTest.lab_id);
      expect(owner?.collection_methods).toContain(labTest.method);
      expect(owner?.sample_types).toContain(labTest.sample_type);
      expect(duplicates(labTest.marker_ids)).toEqual([]);
      for (const marker of markersOf(labTest)) {
        expect(marker).toMatchObject({ lab_id: labTest.lab_id, is_active: true, is_orderable: true });
      }
    }
  });

  test('covers every collection method', () => {
    expect([...new Set(labTests.map(({ method }) => method))].sort()).toEqual([
      'at_home_phlebotomy',
      'on_site_collection',
      'testkit',
      'walk_in_test',
    ]);
  });

  const panels = ['labcorp', 'quest', 'bioreference'].flatMap((slug) =>
    (lab(slug)?.collection_methods ?? []).map((method) => [slug, method] as const),
  );
  test.each(panels)('F6: %s has a panel of eight markers or more without questions for %s', (slug, method) => {
    const panel = labTests.find(
      (labTest) =>
        labTest.lab_id === lab(slug)?.id &&
        labTest.method === method &&
        labTest.marker_ids.length >= 8 &&
        markersOf(labTest).every((marker) => marker?.aoe.questions.length === 0),
    );
    expect(panel).toMatchObject({ team_id: null, is_active: true, status: 'active' });
  });

  test('F6: has a platform account at each lab that needs no physician and bills the client in every state', () => {
    for (const { slug } of labs) {
      const account = accounts.find((candidate) => candidate.lab === slug);
      expect(account).toMatchObject({ status: 'active', delegated_flow: 'not_delegated', team_id_allowlist: [] });
      expect(new Set(account?.allowed_billing.client_bill).size).toBe(51);
    }
  });

  test('D6: can order most results of the metabolic panel alone', () => {
    for (const slug of ['labcorp', 'quest', 'bioreference']) {
      const own = markers.filter((marker) => marker.lab_id === lab(slug)?.id);
      const singles = own.filter((marker) => marker.expected_results.length === 1);
      const orderable = new Set(singles.map((marker) => marker.expected_results[0]?.slug));
      const panel = own.find((marker) => marker.slug === 'comprehensive-metabolic-panel');
      expect(panel?.expected_results).toHaveLength(14);
      expect(panel?.expected_results.filter((result) => orderable.has(result.slug)).length).toBeGreaterThanOrEqual(10);
    }
  });
});
