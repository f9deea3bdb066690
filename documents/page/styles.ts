/** The few colors and styles that the documents are set in. Lengths are points. */
import type { ElementType } from './structure.ts';
import type { FontName } from './typeface.ts';

export const INK = '#14181f';
export const MUTED = '#56606e';
export const RULE = '#c4ccd4';
export const WASH = '#f2f4f7';
export const ACCENT = '#12405f';
export const ALERT = '#a3161a';

/** How a piece of text is set. */
export interface TextStyle {
  font: FontName;
  size: number;
  color: string;
  /** Distance between base lines. */
  leading: number;
  /** Extra space between letters. */
  tracking?: number;
  align?: 'left' | 'right' | 'center';
  /** What a screen reader takes it for; a paragraph unless said otherwise. */
  element?: ElementType;
}

export const TEXT = {
  title: { font: 'bold', size: 17, leading: 20, color: INK, element: 'H1' },
  heading: { font: 'bold', size: 10.5, leading: 13, color: ACCENT, element: 'H2' },
  label: { font: 'semibold', size: 6.8, leading: 9, color: MUTED, tracking: 0.55 },
  strong: { font: 'semibold', size: 9.5, leading: 12, color: INK },
  body: { font: 'regular', size: 9, leading: 11.6, color: INK },
  bodyStrong: { font: 'semibold', size: 9, leading: 11.6, color: INK },
  small: { font: 'regular', size: 7.6, leading: 9.8, color: MUTED },
  smallStrong: { font: 'semibold', size: 7.6, leading: 9.8, color: INK },
} as const satisfies Record<string, TextStyle>;
