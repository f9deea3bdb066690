/**
 * Source Sans 3 (SIL Open Font License 1.1), embedded in every document: it has
 * Latin, Greek, Cyrillic and Vietnamese letters, and figures of equal width.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Font, openSync } from 'fontkit';

const resolve = createRequire(join(import.meta.dirname, 'typeface.ts')).resolve;
const PACKAGE = '@expo-google-fonts/source-sans-3';

/** Font files by the name the styles use. */
const FILES = {
  regular: `${PACKAGE}/400Regular/SourceSans3_400Regular.ttf`,
  italic: `${PACKAGE}/400Regular_Italic/SourceSans3_400Regular_Italic.ttf`,
  semibold: `${PACKAGE}/600SemiBold/SourceSans3_600SemiBold.ttf`,
  bold: `${PACKAGE}/700Bold/SourceSans3_700Bold.ttf`,
} as const;

export type FontName = keyof typeof FILES;
export const FONT_NAMES = Object.keys(FILES) as FontName[];

const opened = new Map<FontName, Font>();

/** The parsed font; parsed once, because that takes longer than setting a page. */
export function fontOf(name: FontName): Font {
  const font = opened.get(name) ?? (openSync(resolve(FILES[name])) as Font);
  opened.set(name, font);
  return font;
}
