/** What the catalogue says that a laboratory writes differently. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Laboratory } from '../../../domain/catalogue/catalogue.ts';
import type { LabProfile } from '../../../domain/catalogue/lab-profile.ts';

const laboratories = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../store/catalogue/seed/labs.json'), 'utf8'),
) as Laboratory[];

/** The profile of a laboratory that no operator has set another for. */
export const seededProfile = (slug: string): LabProfile =>
  laboratories.find((laboratory) => laboratory.slug === slug)?.profile ?? {};
