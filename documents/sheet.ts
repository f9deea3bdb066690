/**
 * A letter-size document that is written from top to bottom: text is wrapped and
 * measured before it is drawn, so that whoever lays out a page knows its heights.
 * Lengths are points (1/72 inch), `y` grows downwards.
 */
import PDFDocument from 'pdfkit';
import { FONT_NAMES, type FontName, fontOf } from './typeface.ts';

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
}

/** The few styles that the documents are set in. */
export const TEXT = {
  title: { font: 'bold', size: 17, leading: 20, color: INK },
  heading: { font: 'bold', size: 10.5, leading: 13, color: ACCENT },
  label: { font: 'semibold', size: 6.8, leading: 9, color: MUTED, tracking: 0.55 },
  strong: { font: 'semibold', size: 9.5, leading: 12, color: INK },
  body: { font: 'regular', size: 9, leading: 11.6, color: INK },
  bodyStrong: { font: 'semibold', size: 9, leading: 11.6, color: INK },
  small: { font: 'regular', size: 7.6, leading: 9.8, color: MUTED },
  smallStrong: { font: 'semibold', size: 7.6, leading: 9.8, color: INK },
} as const satisfies Record<string, TextStyle>;

const PAGE = { width: 612, height: 792 };
const MARGIN = 40;
/** Where the content begins and ends, between the running header and footer. */
const TOP = 58;
const BOTTOM = PAGE.height - 50;

/** Identity of the document. `issuedAt` is its only date: same content, same bytes. */
export interface SheetInfo {
  title: string;
  author: string;
  issuedAt: Date;
}

export class Sheet {
  readonly left = MARGIN;
  readonly right = PAGE.width - MARGIN;
  readonly width = PAGE.width - 2 * MARGIN;
  readonly height = PAGE.height;
  readonly bottom = BOTTOM;
  /** Where the next thing goes. */
  y = TOP;
  /** Called after each page break, to repeat a table's header. */
  onBreak: () => void = () => {};
  readonly pdf: PDFKit.PDFDocument;

  constructor(info: SheetInfo) {
    this.pdf = new PDFDocument({
      size: 'LETTER',
      margin: 0,
      bufferPages: true,
      lang: 'en-US',
      displayTitle: true,
      info: {
        Title: info.title,
        Author: info.author,
        Producer: 'Venule',
        Creator: 'Venule',
        CreationDate: info.issuedAt,
        ModDate: info.issuedAt,
      },
    });
    // pdfkit takes a parsed font, too; its types do not say so.
    for (const name of FONT_NAMES) this.pdf.registerFont(name, fontOf(name) as never);
  }

  /** Starts a new page unless `height` still fits on this one. */
  ensure(height: number): void {
    if (this.y + height > this.bottom) this.break();
  }

  /** Starts a new page. */
  break(): void {
    this.pdf.addPage();
    this.y = TOP;
    this.onBreak();
  }

  /** The lines that `text` takes when set in `style` within `width`; words too long for a line are divided. */
  wrap(text: string, width: number, style: TextStyle): string[] {
    this.set(style);
    const lines: string[] = [];
    for (const paragraph of printable(text).split('\n')) {
      let line = '';
      for (const word of paragraph.split(/[ \t]+/).flatMap((word) => this.divide(word, width, style))) {
        const longer = line === '' ? word : `${line} ${word}`;
        if (line !== '' && this.widthOf(longer, style) > width) {
          lines.push(line);
          line = word;
        } else {
          line = longer;
        }
      }
      lines.push(line);
    }
    return lines;
  }

  /** Height of `text` when wrapped to `width`. */
  heightOf(text: string, width: number, style: TextStyle): number {
    return this.wrap(text, width, style).length * style.leading;
  }

  /** Width of one line of `text`. */
  widthOf(text: string, style: TextStyle): number {
    this.set(style);
    return this.pdf.widthOfString(text, setting(style));
  }

  /** Sets wrapped text at a place, on this page; answers the height it took. */
  place(text: string, x: number, y: number, width: number, style: TextStyle): number {
    const lines = this.wrap(text, width, style);
    lines.forEach((line, index) => {
      this.line(line, x, y + index * style.leading, width, style);
    });
    return lines.length * style.leading;
  }

  /** Sets text at the cursor, line by line, over as many pages as it takes. */
  flow(text: string, x: number, width: number, style: TextStyle): void {
    for (const line of this.wrap(text, width, style)) {
      this.ensure(style.leading);
      this.line(line, x, this.y, width, style);
      this.y += style.leading;
    }
  }

  /** A horizontal line at `y`. */
  rule(y: number, weight = 0.6, color: string = RULE, from = this.left, to = this.right): void {
    this.pdf.lineWidth(weight).strokeColor(color).moveTo(from, y).lineTo(to, y).stroke();
  }

  /** A filled rectangle, optionally with rounded corners. */
  fill(x: number, y: number, width: number, height: number, color: string, radius = 0): void {
    this.pdf.roundedRect(x, y, width, height, radius).fill(color);
  }

  /** Writes what every page carries, then closes the document. */
  async finish(onEveryPage: (page: number, of: number) => void): Promise<Buffer> {
    const { count } = this.pdf.bufferedPageRange();
    for (let index = 0; index < count; index += 1) {
      this.pdf.switchToPage(index);
      onEveryPage(index + 1, count);
    }
    this.pdf.end();
    const chunks: Buffer[] = [];
    for await (const chunk of this.pdf) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  private line(text: string, x: number, y: number, width: number, style: TextStyle): void {
    if (text === '') return;
    const spare = style.align && style.align !== 'left' ? width - this.widthOf(text, style) : 0;
    this.set(style);
    this.pdf
      .fillColor(style.color)
      .text(text, x + (style.align === 'center' ? spare / 2 : spare), y, { ...setting(style), lineBreak: false });
  }

  private divide(word: string, width: number, style: TextStyle): string[] {
    if (this.widthOf(word, style) <= width) return [word];
    const parts: string[] = [];
    let part = '';
    for (const letter of word) {
      if (part !== '' && this.widthOf(part + letter, style) > width) {
        parts.push(part);
        part = letter;
      } else {
        part += letter;
      }
    }
    return [...parts, part];
  }

  private set(style: TextStyle): void {
    this.pdf.font(style.font).fontSize(style.size);
  }
}

function setting(style: TextStyle): PDFKit.Mixins.TextOptions {
  return { characterSpacing: style.tracking ?? 0 };
}

/** Without control characters, in composed form, with one kind of line break. */
function printable(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/(?!\n)\p{Cc}/gu, ' ')
    .normalize('NFC')
    .trim();
}
