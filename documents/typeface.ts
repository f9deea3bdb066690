/**
 * Source Sans 3 (SIL Open Font License 1.1), embedded in every document: it has
 * Latin, Greek, Cyrillic and Vietnamese letters, and figures of equal width.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const resolve = createRequire(join(import.meta.dirname, 'typeface.ts')).resolve;
const PACKAGE = '@expo-google-fonts/source-sans-3';

/** Font files by the name the styles use. */
export const TYPEFACE = {
  regular: resolve(`${PACKAGE}/400Regular/SourceSans3_400Regular.ttf`),
  italic: resolve(`${PACKAGE}/400Regular_Italic/SourceSans3_400Regular_Italic.ttf`),
  semibold: resolve(`${PACKAGE}/600SemiBold/SourceSans3_600SemiBold.ttf`),
  bold: resolve(`${PACKAGE}/700Bold/SourceSans3_700Bold.ttf`),
} as const;

export type FontName = keyof typeof TYPEFACE;
