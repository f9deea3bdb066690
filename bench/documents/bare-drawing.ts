/**
 * The same page drawn bare: what documents/ has pdfkit draw is written down once, and drawn again by pdfkit alone, with the
 * same text at the same places, the same typefaces (parsed once, too, with words laid out once), lines, and barcodes as
 * vectors. Nothing is measured, wrapped or looked up, and the structure for screen readers is left out.
 */
import type { Font, GlyphRun } from 'fontkit';
import PDFDocument from 'pdfkit';

/** A call to pdfkit. */
export interface Call {
  method: string;
  given: readonly unknown[];
}

/** What draws. */
const DRAWING = new Set([
  'addPage',
  'circle',
  'dash',
  'fill',
  'fillAndStroke',
  'fillColor',
  'image',
  'lineTo',
  'lineWidth',
  'moveTo',
  'opacity',
  'polygon',
  'rect',
  'restore',
  'rotate',
  'roundedRect',
  'save',
  'stroke',
  'strokeColor',
  'switchToPage',
  'text',
  'undash',
]);
/** What sets the typeface, for measuring as for drawing: written down where text is drawn with it. */
const SETTING = new Set(['font', 'fontSize']);
/** What measures, describes or closes a document. */
const REST = new Set([
  'addStructure',
  'bufferedPageRange',
  'end',
  'endMarkedContent',
  'getMarkInfoDictionary',
  'getStructParentTree',
  'getStructTreeRoot',
  'markContent',
  'markStructureContent',
  'ref',
  'struct',
  'widthOfString',
]);

type Method = (...given: unknown[]) => unknown;

/**
 * Writes down what is drawn meanwhile.
 * @throws Error when something is called of which it is not known whether it draws
 */
export async function written(draw: () => Promise<unknown>): Promise<Call[]> {
  const calls: Call[] = [];
  const now: Record<string, readonly unknown[]> = {};
  const drawnWith: Record<string, readonly unknown[]> = {};
  let depth = 0;
  const prototype = PDFDocument.prototype as unknown as Record<string, Method>;
  const originals = new Map<string, Method>();
  const note = (method: string, given: readonly unknown[]) => {
    if (SETTING.has(method)) now[method] = given;
    else if (DRAWING.has(method)) {
      if (method === 'text') {
        for (const setting of SETTING) {
          const [set, last] = [now[setting] ?? [], drawnWith[setting] ?? []];
          if (set.length !== last.length || set.some((one, index) => one !== last[index])) {
            calls.push({ method: setting, given: set });
          }
          drawnWith[setting] = set;
        }
      }
      calls.push({ method, given });
    } else if (!REST.has(method)) throw new Error(`Is pdfkit's ${method} a part of the drawing?`);
  };
  for (const method of methodsOf(PDFDocument.prototype)) {
    const original = prototype[method] as Method;
    originals.set(method, original);
    prototype[method] = function (this: unknown, ...given) {
      if (depth === 0) note(method, given);
      depth += 1;
      try {
        return original.apply(this, given);
      } finally {
        depth -= 1;
      }
    };
  }
  try {
    await draw();
  } finally {
    for (const [method, original] of originals) prototype[method] = original;
  }
  return calls;
}

/** Those that begin with an underscore or set up a new document are pdfkit's own. */
function methodsOf(prototype: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => typeof value === 'function' && !/^(_|init|constructor$)/.test(name))
    .map(([name]) => name);
}

/** Draws what was written down. */
export async function drawBare(calls: readonly Call[]): Promise<Buffer> {
  const pdf = new PDFDocument({
    size: 'LETTER',
    margin: 0,
    bufferPages: true,
    autoFirstPage: false,
    pdfVersion: '1.7',
  });
  const methods = pdf as unknown as Record<string, Method>;
  for (const { method, given } of calls) {
    if (method === 'font') layOutOnce(given[0] as Font);
    methods[method]?.(...given);
  }
  pdf.end();
  const chunks: Buffer[] = [];
  for await (const chunk of pdf) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** How many words a typeface remembers. */
const MOST_WORDS = 5_000;
const laidOutOnce = new WeakSet<Font>();

/**
 * Has a typeface lay out each word once, whatever document it stands in. What is remembered is lent out with positions of
 * their own, because pdfkit scales them in place.
 */
function layOutOnce(font: Font): void {
  if (laidOutOnce.has(font)) return;
  laidOutOnce.add(font);
  const layOut = font.layout.bind(font);
  const known = new Map<string, GlyphRun>();
  font.layout = (text, ...how) => {
    if (how.some((given) => given !== undefined)) return layOut(text, ...how);
    const run = known.get(text) ?? layOut(text);
    // Those that are asked for again stay; the oldest go.
    known.delete(text);
    known.set(text, run);
    if (known.size > MOST_WORDS) known.delete(known.keys().next().value as string);
    const positions = run.positions.map((position) =>
      Object.assign(Object.create(Object.getPrototypeOf(position)), position),
    );
    return Object.create(run, { positions: { value: positions } });
  };
}
