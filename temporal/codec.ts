/** Encryption of everything that Temporal keeps for us: AES-256-GCM, with keys that can be rotated. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec, ValueError } from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import proto from '@temporalio/proto';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Keys by id; the first one encrypts, every one decrypts. */
export type CodecKeys = ReadonlyMap<string, Buffer>;

/**
 * Reads `id:base64,id2:base64`.
 * @throws RangeError naming the key that is not 32 bytes, or saying that there is none.
 */
export function parseCodecKeys(text: string): CodecKeys {
  const keys = new Map(
    text
      .split(',')
      .filter((entry) => entry.trim() !== '')
      .map((entry): [string, Buffer] => {
        const [id = '', base64 = ''] = entry.trim().split(':');
        const key = Buffer.from(base64, 'base64');
        if (id === '' || key.length !== 32) throw new RangeError(`Codec key "${id}" must be id:base64 of 32 bytes`);
        return [id, key];
      }),
  );
  if (keys.size === 0) throw new RangeError('There is no codec key; set VENULE_CODEC_KEYS to id:base64 of 32 bytes');
  return keys;
}

/** Encrypts payloads on their way to Temporal and decrypts them on their way back. */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: CodecKeys;

  constructor(keys: CodecKeys) {
    this.#keys = keys;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.#encrypt(payload));
  }

  /** @throws ValueError naming the key that is not (any longer) among the keys. */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.#decrypt(payload));
  }

  #encrypt(payload: Payload): Payload {
    const [[id, key] = []] = this.#keys;
    if (!id || !key) throw new ValueError('There is no codec key');
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce);
    const clear = PayloadMessage.encode(payload).finish();
    const sealed = Buffer.concat([nonce, cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
    return { metadata: { [METADATA_ENCODING_KEY]: encode(ENCODING), [KEY_ID]: encode(id) }, data: sealed };
  }

  #decrypt(payload: Payload): Payload {
    const encoding = payload.metadata?.[METADATA_ENCODING_KEY];
    if (!encoding || decode(encoding) !== ENCODING || !payload.data) return payload;
    const id = decode(payload.metadata?.[KEY_ID] ?? new Uint8Array());
    const key = this.#keys.get(id);
    if (!key) throw new ValueError(`Codec key "${id}" is needed to read this and is not in VENULE_CODEC_KEYS`);
    const sealed = Buffer.from(payload.data);
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const clear = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    return PayloadMessage.decode(clear);
  }
}

/**
 * The secret part of the codec endpoint's address. Temporal UI calls the endpoint from an engineer's browser and can
 * show no key, so whoever knows the address may read payloads; it is made from the key that it gives the use of.
 */
export function codecEndpointToken(keys: CodecKeys): string {
  const [key] = keys.values();
  return createHmac('sha256', key ?? '')
    .update('venule codec endpoint')
    .digest('base64url');
}
