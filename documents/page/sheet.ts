/**
 * A letter-size document that is written from top to bottom: text is wrapped and
 * measured before it is drawn, so that whoever lays out a page knows its heights.
 * Lengths are points (1/72 inch), `y` grows downwards.
 */
import PDFDocument from 'pdfkit';
import { isReordered, isSetWhole, lettersOf, type Piece, piecesOf, printableIn } from './line.ts';
import { hasColumns, plain, wordsOf } from './paragraphs.ts';
import { type ElementType, Structure } from './structure.ts';
import { INK, RULE, TEXT, type TextStyle } from './styles.ts';
import { faceOf, reachOf, setByWords } from './typeface.ts';

const PAGE = { width: 612, height: 792 };
const MARGIN = 40;
/** Where the content begins and ends, between the running header and footer. */
const TOP = 58;
const BOTTOM = PAGE.height - 50;
/** Blanks that stand in columns are set no smaller than this. */
const SMALLEST_COLUMNS = 5.4;

/** Identity of the document. `issuedAt` is its only date: same content, same bytes. */
export interface SheetInfo {
  title: string;
  author: string;
  issuedAt: Date;
}

/** The part of pdfkit's document that its types leave out: the font that is set at the moment. */
interface Setting {
  _font: object;
}

export class Sheet {
  readonly left = MARGIN;
  readonly right = PAGE.width - MARGIN;
  readonly width = PAGE.width - 2 * MARGIN;
  readonly height = PAGE.height;
  readonly bottom = BOTTOM;
  /** Where the next thing goes. */
  y = TOP;
  /** Called at the top of each further page, before `onBreak`. */
  onNewPage: () => void = () => {};
  /** Called after each page break, to repeat a table's header. */
  onBreak: () => void = () => {};
  /** What no typeface has, in the order in which it was met. */
  readonly lost = new Set<string>();
  readonly pdf: PDFKit.PDFDocument;
  readonly structure: Structure;
  private readonly widths = new Map<string, number>();
  private readonly wrapped = new Map<string, readonly string[]>();

  constructor(info: SheetInfo) {
    this.pdf = new PDFDocument({
      size: 'LETTER',
      margin: 0,
      bufferPages: true,
      pdfVersion: '1.7',
      tagged: true,
      lang: 'en-US',
      // Else each document has a typeface read that it never uses.
      font: null as never,
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
    this.structure = new Structure(this.pdf);
  }

  /** Starts a new page unless `height` still fits on this one. */
  ensure(height: number): void {
    if (this.y + height > this.bottom) this.break();
  }

  /** Starts a new page. */
  break(): void {
    this.pdf.addPage();
    this.y = TOP;
    this.structure.asDecoration(() => {
      this.onNewPage();
      this.onBreak();
    });
  }

  /** How many pages there are by now. */
  get pages(): number {
    return this.pdf.bufferedPageRange().count;
  }

  /** The lines that `text` takes when set in `style` within `width`; words too long for a line are divided. */
  wrap(text: string, width: number, style: TextStyle): readonly string[] {
    // What is placed was mostly measured before.
    const key = `${style.font} ${style.size} ${style.tracking ?? 0} ${width} ${text}`;
    const known = this.wrapped.get(key);
    if (known) return known;
    const lines = this.printable(text, style)
      .split('\n')
      .flatMap((paragraph) => this.fill(paragraph.trim().split(/[ \t]+/), width, style));
    this.wrapped.set(key, lines);
    return lines;
  }

  /** Height of `text` when wrapped to `width`. */
  heightOf(text: string, width: number, style: TextStyle): number {
    return this.wrap(text, width, style).length * style.leading;
  }

  /** Width of one line of `text`. */
  widthOf(text: string, style: TextStyle): number {
    const key = `${style.font} ${style.size} ${style.tracking ?? 0} ${text}`;
    const known = this.widths.get(key);
    if (known !== undefined) return known;
    const width = piecesOf(text, style.font).reduce((sum, piece) => sum + this.pieceWidth(piece, style), 0);
    this.widths.set(key, width);
    return width;
  }

  /** Sets wrapped text at a place, on this page; answers the height it took. */
  place(text: string, x: number, y: number, width: number, style: TextStyle): number {
    const lines = this.wrap(text, width, style);
    this.structure.text(style.element ?? 'P', () => {
      lines.forEach((line, index) => {
        this.line(line, x, y + index * style.leading, width, style);
      });
    });
    return lines.length * style.leading;
  }

  /** Sets text at the cursor, line by line, over as many pages as it takes. Columns made of blanks stay columns. */
  flow(text: string, x: number, width: number, style: TextStyle): void {
    const inColumns = hasColumns(text);
    const set = inColumns ? this.columnStyle(text, width, style) : style;
    const lines = inColumns ? this.columnLines(text, width, set) : this.wrap(text, width, style);
    this.structure.text(style.element ?? 'P', () => {
      for (const line of lines) {
        this.ensure(set.leading);
        this.line(line, x, this.y, width, set);
        this.y += set.leading;
      }
    });
  }

  /** A horizontal line at `y`. */
  rule(y: number, weight = 0.6, color: string = RULE, from = this.left, to = this.right): void {
    this.draw((pdf) => pdf.lineWidth(weight).strokeColor(color).moveTo(from, y).lineTo(to, y).stroke());
  }

  /** A filled rectangle, optionally with rounded corners. */
  fillBox(x: number, y: number, width: number, height: number, color: string, radius = 0): void {
    this.draw((pdf) => pdf.roundedRect(x, y, width, height, radius).fill(color));
  }

  /** A rectangle drawn as a line. */
  box(x: number, y: number, width: number, height: number, weight = 0.8, radius = 0): void {
    this.draw((pdf) => pdf.lineWidth(weight).strokeColor(INK).roundedRect(x, y, width, height, radius).stroke());
  }

  /** Draws what says nothing to a reader who cannot see it. */
  draw(shapes: (pdf: PDFKit.PDFDocument) => void): void {
    this.structure.asArtifact(() => shapes(this.pdf));
  }

  /** Writes what every page carries, then closes the document. */
  async finish(onEveryPage: (page: number, of: number) => void): Promise<Buffer> {
    const count = this.pages;
    for (let index = 0; index < count; index += 1) {
      this.pdf.switchToPage(index);
      this.structure.asDecoration(() => onEveryPage(index + 1, count));
    }
    this.structure.end();
    this.pdf.end();
    const chunks: Buffer[] = [];
    for await (const chunk of this.pdf) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  /** Everything set or drawn meanwhile is one element of the document's structure, as screen readers know it. */
  element<T>(type: ElementType, within: () => T, attributes: { scope?: 'Row' | 'Column'; columns?: number } = {}): T {
    return this.structure.element(type, within, attributes);
  }

  private printable(text: string, style: TextStyle): string {
    const printable = printableIn(plain(text), style.font);
    for (const letter of printable.lost) this.lost.add(letter);
    return printable.text;
  }

  private columnStyle(text: string, width: number, style: TextStyle): TextStyle {
    const longest = Math.max(
      ...plain(text)
        .split('\n')
        .map((line) => line.length),
    );
    const mono = { ...style, font: 'mono' as const };
    const em = this.widthOf('0', mono) / style.size;
    return { ...mono, size: Math.max(SMALLEST_COLUMNS, Math.min(style.size, width / (longest * em + 0.01))) };
  }

  /** Line by line as it came; what is too long for the page goes on under its own beginning. */
  private columnLines(text: string, width: number, style: TextStyle): string[] {
    return this.printable(text, style)
      .split('\n')
      .flatMap((line) =>
        this.widthOf(line, style) <= width ? [line] : this.fill(line.split(/(?<=\S) /), width, style),
      );
  }

  private fill(words: string[], width: number, style: TextStyle): string[] {
    if (words.every((word) => isSetWhole(word, style.font))) return this.fillWhole(words, width, style);
    const lines: string[] = [];
    let line = '';
    for (const word of words) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (this.widthOf(longer, style) <= width) {
        line = longer;
        continue;
      }
      const parts = this.divide(word, width, style);
      if (line !== '') lines.push(line);
      lines.push(...parts.slice(0, -1));
      line = parts.at(-1) ?? '';
    }
    return [...lines, line];
  }

  /** The same where each word is as wide as it is alone: only the line's end is measured. */
  private fillWhole(words: string[], width: number, style: TextStyle): string[] {
    const face = faceOf(style.font);
    const lines: string[] = [];
    let line = '';
    /** How far the line reaches with a blank behind it. */
    let reach = 0;
    for (const word of words) {
      const letters = line.length + (line === '' ? 0 : 1) + word.length;
      const wide = ((reach + reachOf(face, word)) * style.size) / 1000 + (style.tracking ?? 0) * (letters - 1);
      if (wide <= width) {
        line = line === '' ? word : `${line} ${word}`;
        reach += reachOf(face, `${word} `);
        continue;
      }
      const parts = this.divide(word, width, style);
      if (line !== '') lines.push(line);
      lines.push(...parts.slice(0, -1));
      line = parts.at(-1) ?? '';
      reach = reachOf(face, `${line} `);
    }
    return [...lines, line];
  }

  /** Breaks a word that is too long for a line: between words where a script sets none apart, else between letters. */
  private divide(word: string, width: number, style: TextStyle): string[] {
    if (this.widthOf(word, style) <= width) return [word];
    const parts: string[] = [];
    let part = '';
    for (const piece of wordsOf(word).flatMap((one) => (this.widthOf(one, style) > width ? lettersOf(one) : [one]))) {
      if (part !== '' && this.widthOf(part + piece, style) > width) {
        parts.push(part);
        part = piece;
      } else {
        part += piece;
      }
    }
    return [...parts, part];
  }

  private line(text: string, x: number, y: number, width: number, style: TextStyle): void {
    if (text === '') return;
    const spare = style.align && style.align !== 'left' ? width - this.widthOf(text, style) : 0;
    const pieces = piecesOf(text, style.font);
    const { ascent, unitsPerEm } = faceOf(style.font).font;
    const base = y + (ascent / unitsPerEm) * style.size;
    this.structure.content(isReordered(text, pieces) ? text : null, () => {
      let at = x + (style.align === 'center' ? spare / 2 : spare);
      for (const piece of pieces) {
        this.set(piece, style);
        this.pdf
          .fillColor(style.color)
          .text(piece.text, at, base, { ...setting(piece, style), lineBreak: false, baseline: 'alphabetic' });
        at += this.pieceWidth(piece, style);
      }
    });
  }

  private pieceWidth(piece: Piece, style: TextStyle): number {
    if (!piece.shaped) {
      return (reachOf(piece.face, piece.text) * style.size) / 1000 + (style.tracking ?? 0) * (piece.text.length - 1);
    }
    this.set(piece, style);
    return this.pdf.widthOfString(piece.text, setting(piece, style));
  }

  private set({ face }: Piece, style: TextStyle): void {
    // pdfkit takes a parsed font, too; its types do not say so.
    this.pdf.font(face.font as never, face.name).fontSize(style.size);
    setByWords((this.pdf as unknown as Setting)._font);
  }
}

function setting(piece: Piece, style: TextStyle): PDFKit.Mixins.TextOptions {
  const spacing = { characterSpacing: style.tracking ?? 0 };
  return piece.shaped ? { ...spacing, characterSpacing: 0, features: { kern: false } as never } : spacing;
}

/** A heading over what follows, ruled off, with something small to its right. */
export function heading(sheet: Sheet, title: string, aside = ''): void {
  sheet.ensure(56);
  sheet.element('H2', () => {
    sheet.place(title, sheet.left, sheet.y, sheet.width, TEXT.heading);
    if (aside) sheet.place(aside, sheet.left, sheet.y + 2, sheet.width, { ...TEXT.small, align: 'right' });
  });
  sheet.y += TEXT.heading.leading + 3;
  sheet.rule(sheet.y - 1, 0.6, RULE);
  sheet.y += 3;
}
