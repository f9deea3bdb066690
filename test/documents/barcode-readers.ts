/** Two readers of barcodes that share no code: ZXing in JavaScript, and zxing-cpp compiled to WebAssembly. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  BinaryBitmap,
  Code128Reader,
  DecodeHintType,
  HybridBinarizer,
  QRCodeReader,
  RGBLuminanceSource,
} from '@zxing/library';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import type { Picture } from './pdf-reader.ts';

const require = createRequire(join(import.meta.dirname, 'barcode-readers.ts'));
prepareZXingModule({
  overrides: { wasmBinary: readFileSync(require.resolve('zxing-wasm/reader/zxing_reader.wasm')).buffer as ArrayBuffer },
});

const hints = new Map([[DecodeHintType.TRY_HARDER, true]]);

/** The first barcode that ZXing finds in a picture; null when it finds none. */
export function readByZxing({ gray, width, height }: Picture, kind: 'code128' | 'qr' = 'code128'): string | null {
  const bitmap = new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(gray, width, height)));
  const reader = kind === 'qr' ? new QRCodeReader() : new Code128Reader();
  try {
    return reader.decode(bitmap, hints).getText();
  } catch {
    return null;
  }
}

/** Every barcode that zxing-cpp finds in a picture. */
export async function readByZxingCpp({ gray, width, height }: Picture, kind: 'Code128' | 'QRCode' = 'Code128') {
  // Red, green and blue alike, and opaque.
  const pixels = Uint32Array.from(gray, (value) => value * 0x010101 + 0xff000000);
  const image = { data: new Uint8ClampedArray(pixels.buffer), width, height, colorSpace: 'srgb' } as Parameters<
    typeof readBarcodes
  >[0];
  const found = await readBarcodes(image, { formats: [kind], maxNumberOfSymbols: 64 });
  return found.map(({ text }) => text);
}
