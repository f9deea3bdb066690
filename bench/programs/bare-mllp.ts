/** What MLLP is measured against: the same frames, one journaled insert of the text, and the text sent back. */
import { type AddressInfo, createServer } from 'node:net';
import { MESSAGE_LIMITS } from '../../partners/labs/formats/hl7v2/hl7-limits.ts';
import { FrameReader, framed } from '../../partners/labs/transports/mllp-frames.ts';
import { closeStore, openStore } from '../../store/open.ts';
import { serve } from '../program.ts';

serve(async () => {
  const store = await openStore(process.env.MONGODB_URI as string);
  const texts = store.connection.collection<{ raw: string }>('bare_texts');
  const server = createServer(async (socket) => {
    socket.on('error', () => socket.destroy()).setNoDelay(true);
    const frames = new FrameReader(MESSAGE_LIMITS.bytes);
    for await (const piece of socket as AsyncIterable<Buffer>) {
      for (const frame of frames.read(piece)) {
        const raw = String(frame);
        await texts.insertOne({ raw }, { writeConcern: { w: 'majority', journal: true } });
        socket.write(framed(raw));
      }
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    abilities: { mllpPort: () => (server.address() as AddressInfo).port },
    close: () => closeStore(store),
  };
});
