/** MLLP: messages are found in what comes, however it is cut, and none costs more than its length. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { BoundedBody, Excess } from '../../partners/bounded-body.ts';
import { FrameReader, framed } from '../../partners/labs/transports/mllp-frames.ts';

const LIMIT = 1_000;

/** What is read of pieces, as text. */
function read(pieces: readonly Buffer[], reader = new FrameReader(LIMIT)): string[] {
  return pieces.flatMap((piece) => [...reader.read(piece)].map((frame) => (frame as Buffer).toString('latin1')));
}

/** Text without the two bytes that end a frame one after the other. */
const message = fc
  .array(fc.constantFrom('MSH|^~\\&|', '\r', '\x1c', '\x0b', 'a', '\x1c\x1c'), { maxLength: 12 })
  .map((parts) => parts.join(''))
  .filter((text) => !text.includes('\x1c\r') && !text.endsWith('\x1c'));

test('whatever is sent comes out, wherever it is cut, and whatever stands between frames is passed over', () => {
  const noise = fc.constantFrom('', '\r', '\n', 'noise', '\x1c\r');
  const sent = fc.array(fc.tuple(noise, message), { maxLength: 5 });
  const cuts = fc.array(fc.nat(200), { maxLength: 20 });
  fc.assert(
    fc.property(sent, cuts, (frames, at) => {
      const bytes = Buffer.concat(frames.flatMap(([before, text]) => [Buffer.from(before), framed(text)]));
      const places = [...new Set(at.filter((cut) => cut < bytes.length)), bytes.length].sort((one, two) => one - two);
      const pieces = places.map((end, index) => bytes.subarray(places[index - 1] ?? 0, end));
      expect(read(pieces)).toEqual(frames.map(([, text]) => text));
    }),
    { numRuns: 500 },
  );
});

test('a message that comes a byte at a time is read', () => {
  const text = `MSH|^~\\&|${'x'.repeat(900)}`;
  expect(read([...framed(text)].map((byte) => Buffer.of(byte)))).toEqual([text]);
});

test('of a message over the limit its beginning, length, and hash are kept, and the next one is read', () => {
  const long = 'y'.repeat(LIMIT * 100);
  const reader = new FrameReader(LIMIT);
  const bytes = Buffer.concat([framed(long), framed('next')]);
  const found: (Buffer | Excess)[] = [];
  for (let at = 0; at < bytes.length; at += 77) found.push(...reader.read(bytes.subarray(at, at + 77)));
  const [excess, next] = found as [Excess, Buffer];
  expect(excess).toBeInstanceOf(Excess);
  expect(excess.bytes).toBe(long.length);
  expect(excess.sha256).toBe(createHash('sha256').update(long).digest('hex'));
  expect(long.startsWith(excess.head.toString())).toBe(true);
  expect(excess.head.length).toBeLessThanOrEqual(64 * 1024);
  expect(next.toString()).toBe('next');
});

test('a long message in tiny pieces comes out as it was sent, and costs little more than its length', () => {
  const text = Array.from({ length: 100_000 }, (_, n) => String.fromCharCode(97 + (n % 26))).join('');
  const reader = new FrameReader(text.length);
  const bytes = framed(text);
  const pieces = Array.from({ length: bytes.length }, (_, at) => Buffer.of(bytes[at] as number));
  expect(read(pieces, reader)).toEqual([text]);
  const body = new BoundedBody(bytes.length);
  for (const piece of pieces) body.add(piece);
  expect(body.room).toBe(bytes.length);
  body.take();
  expect([body.room, body.length]).toEqual([0, 0]);
});

test('says whether a message has begun, and how much stands outside of any', () => {
  const reader = new FrameReader(LIMIT);
  read([Buffer.from('GET / HTTP/1.1')], reader);
  expect([reader.isInside, reader.outside]).toEqual([false, 14]);
  read([Buffer.from('\x0bMSH')], reader);
  expect([reader.isInside, reader.outside]).toEqual([true, 0]);
});
