/**
 * To be loaded before a worker that is to die at one certain point (`node --import`). The worker takes a second over its
 * first answer to a query, and from then on reads nothing more from Temporal: what resolves within that second is written
 * to the history, and what the journey would do about it never happens.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EncryptionCodec } from '../../../temporal/codec.ts';

const { encode, decode } = EncryptionCodec.prototype;
let isDeaf = false;

EncryptionCodec.prototype.encode = async function (payloads) {
  const isAnswer = payloads.some(({ data }) => Buffer.from(data ?? []).includes('"waiting_for"'));
  if (isAnswer) {
    isDeaf = true;
    await sleep(1000);
  }
  return encode.call(this, payloads);
};
EncryptionCodec.prototype.decode = async function (payloads) {
  if (isDeaf) await new Promise(() => {});
  return decode.call(this, payloads);
};
