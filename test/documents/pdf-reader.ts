/** Reads printed documents back: their text, and their pages as pictures. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
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

/** The whole text, with line breaks as blanks, so that wrapped phrases are found. */
export async function textOf(pdf: Buffer): Promise<string> {
  return (await pagesOf(pdf)).join(' ').replace(/\s+/g, ' ');
}

/** One page as grey values, one byte a pixel, at `scale` pixels a point. */
export async function pictureOf(pdf: Buffer, number: number, scale: number) {
  const document = await open(pdf);
  const page = await document.getPage(number);
  const viewport = page.getViewport({ scale });
  const width = Math.ceil(viewport.width);
  const height = Math.ceil(viewport.height);
  const { canvas, context } = (document.canvasFactory as CanvasFactory).create(width, height);
  await page.render({ canvas: canvas as never, canvasContext: context as never, viewport }).promise;
  const rgba = context.getImageData(0, 0, width, height).data;
  const grey = new Uint8ClampedArray(width * height);
  for (let pixel = 0; pixel < grey.length; pixel += 1) grey[pixel] = rgba[pixel * 4] ?? 0;
  await document.destroy();
  return { grey, width, height };
}

interface CanvasFactory {
  create(
    width: number,
    height: number,
  ): {
    canvas: unknown;
    context: { getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray } };
  };
}
