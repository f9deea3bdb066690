import { drawCode128 } from '../../documents/page/barcode.ts';
import { Sheet } from '../../documents/page/sheet.ts';
import { renderRequisition } from '../../documents/requisition/requisition.ts';
import { newPlacerOrderNumber } from '../../store/orders/placer-order-number.ts';
import { readByZxing, readByZxingCpp } from './barcode-readers.ts';
import { markers, markersOf, orderOf, requisitionOf, wellness } from './examples.ts';
import { type Picture, partOf, picturesOf } from './pdf-reader.ts';

const panel = markersOf(wellness);
const real = { ...orderOf(panel.slice(0, 1)).options, sandbox: false };
const numbers = Array.from({ length: 200 }, newPlacerOrderNumber);
const printed = (number: string, ordered = panel.slice(0, 1), changes = {}) =>
  renderRequisition(requisitionOf(orderOf(ordered, { placer_order_number: number, options: real, ...changes })));

/** Barcodes as documents draw them, many to a page; where each is. */
async function sheetOf(texts: string[]) {
  const sheet = new Sheet({ title: 'Barcodes', author: 'Venule', issuedAt: new Date(0) });
  const places = texts.map((text, index) => {
    const [column, row] = [index % 3, Math.floor(index / 3)];
    const right = 205 + column * 190.37;
    const top = 60 + row * 52.31;
    drawCode128(sheet, text, right, top, 34);
    return {
      text,
      corners: [[right - 185, top - 5] as [number, number], [right + 10, top + 40] as [number, number]] as const,
    };
  });
  return { pdf: await sheet.finish(() => {}), places };
}

describe('A3: the barcode of a requisition is read by readers', () => {
  it.each([150, 300])('200 numbers as they are given out, at %i dots to the inch, by two readers', async (dpi) => {
    const unread: string[] = [];
    for (let first = 0; first < numbers.length; first += 36) {
      const { pdf, places } = await sheetOf(numbers.slice(first, first + 36));
      const [page] = await picturesOf(pdf, dpi);
      if (!page) throw new Error('There is one page.');
      for (const { text, corners } of places) {
        const part = partOf(page, dpi, ...corners);
        if (readByZxing(part) !== text) unread.push(`${text} by ZXing`);
        if (!(await readByZxingCpp(part)).includes(text)) unread.push(`${text} by zxing-cpp`);
      }
    }
    expect(unread).toEqual([]);
  });

  it('on every page, at the top, and on every label, sandbox and STAT ones too', async () => {
    const many = markers.filter((marker) => marker.lab_id === 27).slice(0, 60);
    for (const changes of [{}, { priority: true, options: { ...real, sandbox: true } }]) {
      const number = newPlacerOrderNumber();
      const pages = await picturesOf(await printed(number, many, changes), 300);
      expect(pages.length).toBeGreaterThan(3);
      for (const page of pages) expect(readByZxing(partOf(page, 300, [380, 44], [606, 100]))).toBe(number);
      const read = (await Promise.all(pages.map((page) => readByZxingCpp(page)))).flat();
      expect(new Set(read)).toEqual(new Set([number]));
    }
  });

  it('on a label that goes round a tube', async () => {
    const unread: string[] = [];
    for (const number of numbers.slice(0, 20)) {
      const ordered = panel.slice(0, 3);
      const pages = await picturesOf(await printed(number, ordered), 300);
      // Two labels under the box for the collector, above the foot of the first page.
      const strip = 700;
      const labels = [40, 217].map((left) => partOf(pages[0] as Picture, 300, [left, 400], [left + 177, strip]));
      for (const label of labels) {
        if (readByZxing(label) !== number) unread.push(`${number} by ZXing`);
        if (!(await readByZxingCpp(label)).includes(number)) unread.push(`${number} by zxing-cpp`);
      }
    }
    expect(unread).toEqual([]);
  });

  it('A4: the QR code on the patient’s page holds the address of the booking page', async () => {
    const booking_url = 'https://labs.example.com/book/paper/q3Vx0TtLq9yB7sWm2RfZk1JcHd8nUaEoP5iGvXbYh4M';
    const content = requisitionOf(orderOf(panel, { options: real }), { booking_url });
    for (const dpi of [150, 300]) {
      const pages = await picturesOf(await renderRequisition(content), dpi);
      const last = pages.at(-1);
      if (!last) throw new Error('A requisition has a last page.');
      expect(await readByZxingCpp(last, 'QRCode')).toEqual([booking_url]);
      expect(readByZxing(partOf(last, dpi, [30, 300], [250, 600]), 'qr')).toBe(booking_url);
    }
  });
});
