/** Which pictures can be printed as a team's logo. */
import { crc32 } from 'node:zlib';

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff]);
const JPEG_END = Buffer.from([0xff, 0xd9]);

/** A whole PNG or JPEG. A damaged picture is no reason to go without a requisition, so it is told before printing. */
export function isPrintableLogo(image: Buffer): boolean {
  if (image.subarray(0, 3).equals(JPEG_START)) return image.subarray(-2).equals(JPEG_END);
  return image.subarray(0, 8).equals(PNG_SIGNATURE) && hasSoundChunks(image);
}

/** Walks the chunks of a PNG (length, name, data, checksum) up to the one that ends it. */
function hasSoundChunks(png: Buffer): boolean {
  let at = PNG_SIGNATURE.length;
  while (at + 12 <= png.length) {
    const length = png.readUInt32BE(at);
    const end = at + 8 + length;
    if (end + 4 > png.length || crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) return false;
    if (png.toString('latin1', at + 4, at + 8) === 'IEND') return true;
    at = end + 4;
  }
  return false;
}
