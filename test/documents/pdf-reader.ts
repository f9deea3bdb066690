/** Reads printed documents back: their text, and their pages as pictures. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type PDFiumDocument, PDFiumLibrary } from '@hyzyla/pdfium';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';

const require = createRequire(join(import.meta.dirname, 'pdf-reader.ts'));
const ASSETS = join(require.resolve('pdfjs-dist/package.json'), '..');

async function open(pdf: Buffer) {
  return getDocument({ data: new Uint8Array(pdf), standardFontDataUrl: join(ASSETS, 'standard_fonts/'), verbosity: 0 })
    .promise;
}

/** The text of each page, one line for each line that was set. */
export async function pagesOf(pdf: Buffer): Promise<string[]> {
  const document = await open(pdf);
  const pages: string[] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    const { items } = await (await document.getPage(number)).getTextContent();
    pages.push(
      items
        .map((item) => ('str' in item ? item.str : ''))
        .filter(Boolean)
        .join('\n'),
    );
  }
  await document.destroy();
  return pages;
}

interface StructureNode {
  role?: string;
  alt?: string;
  children?: StructureNode[];
}

/** The elements of a document's structure, in the order in which they are read out. */
export async function structureOf(pdf: Buffer): Promise<{ role: string; alt: string | undefined }[]> {
  const document = await open(pdf);
  const elements: { role: string; alt: string | undefined }[] = [];
  const visit = ({ role, alt, children = [] }: StructureNode) => {
    if (role) elements.push({ role, alt });
    children.forEach(visit);
  };
  for (let number = 1; number <= document.numPages; number += 1) {
    const tree = await (await document.getPage(number)).getStructTree();
    if (tree) visit(tree as StructureNode);
  }
  await document.destroy();
  return elements;
}

/** Where each of these words begins on the first page that has it, in points from the left. */
export async function placesOf(pdf: Buffer, words: readonly string[]): Promise<Map<string, number>> {
  const document = await open(pdf);
  const places = new Map<string, number>();
  for (let number = 1; number <= document.numPages; number += 1) {
    const { items } = await (await document.getPage(number)).getTextContent();
    for (const item of items) {
      if ('str' in item && words.includes(item.str) && !places.has(item.str)) {
        places.set(item.str, item.transform[4] as number);
      }
    }
  }
  await document.destroy();
  return places;
}

/** The whole text, with line breaks as blanks, so that wrapped phrases are found. */
export async function textOf(pdf: Buffer): Promise<string> {
  return (await pagesOf(pdf)).join(' ').replace(/\s+/g, ' ');
}

/** A picture of a page, or of a part of it: one byte a pixel. */
export interface Picture {
  gray: Uint8ClampedArray;
  width: number;
  height: number;
}

let pdfium: Promise<PDFiumLibrary> | undefined;

/** Opens a document with the reader that Chrome has, apart from the one above. */
async function withPdfium<T>(pdf: Buffer, use: (document: PDFiumDocument) => Promise<T> | T): Promise<T> {
  pdfium ??= PDFiumLibrary.init();
  const document = await (await pdfium).loadDocument(pdf);
  try {
    return await use(document);
  } finally {
    document.destroy();
  }
}

/** What is copied out of each page in a browser. */
export async function copiedFrom(pdf: Buffer): Promise<string[]> {
  return withPdfium(pdf, (document) => Array.from(document.pages(), (page) => page.getText()));
}

/** Every page as it prints at so many dots to the inch. */
export async function picturesOf(pdf: Buffer, dpi: number): Promise<Picture[]> {
  return withPdfium(pdf, async (document) => {
    const pictures: Picture[] = [];
    for (const page of document.pages()) {
      const { data, width, height } = await page.render({ scale: dpi / 72, render: 'bitmap' });
      const gray = new Uint8ClampedArray(width * height);
      for (let pixel = 0; pixel < gray.length; pixel += 1) gray[pixel] = data[pixel * 4] ?? 0;
      pictures.push({ gray, width, height });
    }
    return pictures;
  });
}

/** The part of a page between two corners, given in points. */
export function partOf(
  page: Picture,
  dpi: number,
  [left, top]: [number, number],
  [right, bottom]: [number, number],
): Picture {
  const [x, y, endX, endY] = [left, top, right, bottom].map((points) => Math.round((points * dpi) / 72)) as [
    number,
    number,
    number,
    number,
  ];
  const width = endX - x;
  const height = endY - y;
  const gray = new Uint8ClampedArray(width * height);
  for (let row = 0; row < height; row += 1) {
    gray.set(page.gray.subarray((y + row) * page.width + x, (y + row) * page.width + endX), row * width);
  }
  return { gray, width, height };
}
