/** The structure of a document as a screen reader follows it: headings, paragraphs, tables, pictures; the rest is decoration. */

/** The kinds of element (PDF 32000-1, 14.8.4) that our documents have. */
export type ElementType = 'Document' | 'H1' | 'H2' | 'P' | 'Table' | 'TR' | 'TH' | 'TD' | 'Figure';

/** Elements that hold others and no text of their own. */
const HOLDERS: readonly ElementType[] = ['Document', 'Table', 'TR'];

interface ElementAttributes {
  /** What a heading cell is the heading of. */
  scope?: 'Row' | 'Column';
  /** Over how many columns a cell stretches. */
  columns?: number;
  /** What a picture shows. */
  alt?: string;
}

interface OpenElement {
  type: ElementType;
  node: PDFKit.PDFStructureElement & { dictionary: { data: Record<string, unknown> } };
}

export class Structure {
  private readonly pdf: PDFKit.PDFDocument;
  private readonly open: OpenElement[] = [];
  private readonly root: PDFKit.PDFStructureElement;
  private decorating = false;
  private inPicture = false;

  constructor(pdf: PDFKit.PDFDocument) {
    this.pdf = pdf;
    this.root = pdf.struct('Document');
    pdf.addStructure(this.root);
    this.open.push({ type: 'Document', node: this.root as OpenElement['node'] });
  }

  /** Everything set or drawn meanwhile is one element. */
  element<T>(type: ElementType, within: () => T, attributes: ElementAttributes = {}): T {
    if (this.decorating) return within();
    this.begin(type, attributes);
    try {
      return within();
    } finally {
      this.close();
    }
  }

  /** Opens an element that `close` ends. */
  begin(type: ElementType, { scope, columns, alt }: ElementAttributes = {}): void {
    const node = this.pdf.struct(type, {
      ...(alt && { alt }),
      ...(scope && { scope }),
    } as object) as OpenElement['node'];
    if (columns) node.dictionary.data.A = { O: 'Table', ColSpan: columns, ...(scope && { Scope: scope }) };
    this.now.node.add(node);
    this.open.push({ type, node });
  }

  /** Ends the element that was opened last. */
  close(): void {
    this.open.pop();
  }

  /** Text of its own element, unless it stands in one already. */
  text(type: ElementType, set: () => void): void {
    if (this.decorating || !HOLDERS.includes(this.now.type)) set();
    else this.element(type, set);
  }

  /** A picture, told in words to who cannot see it. */
  picture(alt: string, draw: () => void): void {
    const drawn = () => {
      this.content(null, () => {
        this.inPicture = true;
        draw();
        this.inPicture = false;
      });
    };
    this.element('Figure', drawn, { alt });
  }

  /**
   * Sets what belongs to the open element.
   * @param actual The text as it is to be copied and read out, where the letters stand in another order on the page.
   */
  content(actual: string | null, set: () => void): void {
    if (this.decorating) this.asArtifact(set);
    else this.mark(actual, set);
  }

  private mark(actual: string | null, set: () => void): void {
    const { type, node } = this.now;
    const content = this.pdf.markStructureContent(type);
    if (actual !== null) this.pdf.markContent('Span', { actual });
    set();
    if (actual !== null) this.pdf.endMarkedContent();
    this.pdf.endMarkedContent();
    node.add(content);
  }

  /** Draws what is decoration, unless it is part of a picture. */
  asArtifact(draw: () => void): void {
    const isOwn = !this.inPicture;
    if (isOwn) this.pdf.markContent('Artifact', { type: 'Layout' });
    draw();
    if (isOwn) this.pdf.endMarkedContent();
  }

  /** Everything set or drawn meanwhile is decoration: running lines, and headings that a page break repeats. */
  asDecoration(set: () => void): void {
    const before = this.decorating;
    this.decorating = true;
    set();
    this.decorating = before;
  }

  /** Ends the structure; nothing can be added any more. */
  end(): void {
    this.root.end();
  }

  private get now(): OpenElement {
    return this.open.at(-1) as OpenElement;
  }
}
