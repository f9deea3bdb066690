/** How the results of a report are grouped: by panel, then the single tests, then what nobody asked for. */
import type { OrderResult } from '../../domain/results/results.ts';
import { counted } from '../page/words.ts';
import type { ReportPanel, ResultReportContent } from './result-report.ts';

/** What was tested in a group; in the group of single tests, what any of them was tested in. */
export function specimenOf(group: ResultGroup, { panels }: ResultReportContent): string {
  const own = panels.filter(({ name, result_slugs }) => {
    if (group.singles) return result_slugs.some((slug) => group.result_slugs?.includes(slug));
    return name === group.name && group.result_slugs !== null;
  });
  return [...new Set(own.flatMap(({ specimen }) => specimen ?? []))].join(', ');
}

/** The catalogue's order within a panel, the report's own otherwise. */
export function inOrder<T extends { slug: string }>(results: T[], slugs: string[] | null): T[] {
  return slugs ? results.toSorted((a, b) => slugs.indexOf(a.slug) - slugs.indexOf(b.slug)) : results;
}

/** What a partial report does not have yet: each single test by its name, the rest of a panel as a number. */
export function pendingIn(group: ResultGroup, result: OrderResult): string[] {
  if (result.metadata.status !== 'partial') return [];
  const open = (group.result_slugs ?? []).filter((slug) => !knownSlugs(result).has(slug));
  if (group.singles)
    return group.singles.filter((test) => open.includes(test.slug)).map((test) => `${test.name}: to come`);
  return open.length > 0 ? [`${counted(open.length, 'more result', 'more results')} to come`] : [];
}

function knownSlugs(result: OrderResult): Set<string> {
  return new Set([...result.results, ...result.missing_results].map((one) => one.slug));
}

/** Results under one heading; `result_slugs` is null for whatever no other group has. */
interface ResultGroup {
  name: string;
  result_slugs: string[] | null;
  singles?: { name: string; slug: string }[];
}

/** The panels, then the tests that need no heading each, then what nobody asked for. */
export function groupsOf(content: ResultReportContent): ResultGroup[] {
  const { results, missing_results } = content.result;
  const singles: { name: string; slug: string }[] = [];
  const panels: ReportPanel[] = [];
  for (const panel of content.panels) {
    const [slug, ...others] = panel.result_slugs;
    const known = [...results, ...missing_results].find((one) => one.slug === slug);
    if (slug !== undefined && others.length === 0 && (!known || known.name === panel.name)) {
      singles.push({ name: panel.name, slug });
    } else {
      panels.push(panel);
    }
  }
  const inPanels = new Set(panels.flatMap((panel) => panel.result_slugs));
  const ordered = [...results, ...missing_results].filter((one) => one.source_markers && !inPanels.has(one.slug));
  const individual = new Set([...singles, ...ordered].map((one) => one.slug));
  return [
    ...panels,
    { name: 'Individual tests', result_slugs: [...individual], singles },
    { name: 'Additional results', result_slugs: null },
  ];
}
