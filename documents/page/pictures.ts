/** Which pictures can be printed: a team's logo, a physician's signature. */
import { crc32, inflateSync } from 'node:zlib';
import PDFDocument from 'pdfkit';

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff]);
const JPEG_END = Buffer.from([0xff, 0xd9]);

/** A larger PNG takes too much memory to print. */
const MOST_PIXELS = 4_000_000;

/** The kind of picture that these bytes begin like; null for any other. */
export function kindOfPicture(image: Buffer): 'image/png' | 'image/jpeg' | null {
  if (image.subarray(0, 3).equals(JPEG_START)) return 'image/jpeg';
  return image.subarray(0, 8).equals(PNG_SIGNATURE) ? 'image/png' : null;
}

/**
 * A whole PNG (of four million pixels at most) or JPEG. A damaged picture is no reason to go without a requisition, so it
 * is told before printing.
 */
export function isPrintable(image: Buffer): boolean {
  const kind = kindOfPicture(image);
  if (kind === null) return false;
  const isWhole = kind === 'image/png' ? isWholePng(image) : image.subarray(-2).equals(JPEG_END);
  return isWhole && canBeOpened(image);
}

/** As much of PDFKit as its types leave out. */
interface Opener {
  openImage(image: Buffer): { width: number; height: number };
}

function canBeOpened(image: Buffer): boolean {
  try {
    const { width, height } = (new PDFDocument({ autoFirstPage: false }) as unknown as Opener).openImage(image);
    return width > 0 && height > 0;
  } catch {
    return false;
  }
}

/** Whether its chunks are sound and hold a line of pixels for each that its head tells of. */
function isWholePng(png: Buffer): boolean {
  const chunks = chunksOf(png);
  const [first] = chunks ?? [];
  if (!chunks || first?.name !== 'IHDR' || first.content.length !== 13) return false;
  const lines = linesOf(first.content);
  if (!lines) return false;
  const size = lines.reduce((sum, { bytes, count }) => sum + bytes * count, 0);
  const packed = chunks.filter(({ name }) => name === 'IDAT').map(({ content }) => content);
  try {
    const pixels = inflateSync(Buffer.concat(packed), { maxOutputLength: size });
    return pixels.length === size && haveKnownFilters(pixels, lines);
  } catch {
    return false;
  }
}

interface Chunk {
  name: string;
  content: Buffer;
}

/** The chunks of a PNG (length, name, content, checksum) up to the one that ends it; null where one is damaged. */
function chunksOf(png: Buffer): Chunk[] | null {
  const chunks: Chunk[] = [];
  let at = PNG_SIGNATURE.length;
  while (at + 12 <= png.length) {
    const end = at + 8 + png.readUInt32BE(at);
    if (end + 4 > png.length || crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) return null;
    const name = png.toString('latin1', at + 4, at + 8);
    chunks.push({ name, content: png.subarray(at + 8, end) });
    if (name === 'IEND') return chunks;
    at = end + 4;
  }
  return null;
}

/** Samples of a pixel, by the PNG's type of color. */
const SAMPLES: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Where the passes of an interlaced PNG begin, and how far apart their pixels are: x, y. */
const PASSES: [x: number, y: number, stepX: number, stepY: number][] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

interface Lines {
  /** Of one line, with the byte that names its filter. */
  bytes: number;
  count: number;
}

/** The lines of pixels in a PNG, by its head; null where nothing can be made of that. */
function linesOf(head: Buffer): Lines[] | null {
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const samples = SAMPLES[head.readUInt8(9)];
  const bits = head.readUInt8(8);
  if (!samples || ![1, 2, 4, 8, 16].includes(bits) || width * height > MOST_PIXELS) return null;
  const passes: typeof PASSES = head.readUInt8(12) === 1 ? PASSES : [[0, 0, 1, 1]];
  return passes.flatMap(([x, y, stepX, stepY]) => {
    const pixels = Math.ceil((width - x) / stepX);
    const count = Math.ceil((height - y) / stepY);
    return pixels > 0 && count > 0 ? [{ bytes: 1 + Math.ceil((pixels * samples * bits) / 8), count }] : [];
  });
}

function haveKnownFilters(pixels: Buffer, lines: readonly Lines[]): boolean {
  let at = 0;
  for (const { bytes, count } of lines) {
    for (let line = 0; line < count; line += 1, at += bytes) if (pixels.readUInt8(at) > 4) return false;
  }
  return true;
}
