/** How every program reaches Temporal: with encrypted payloads, and soon again after Temporal was away. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { TemporalConfig } from '../config/config.ts';
import { type CodecKeys, EncryptionCodec } from './codec.ts';

/** Without it a client takes up to two minutes to notice that the server is back. */
const RECONNECT_WITHIN_MS = 1000;

/** Encrypts payloads and failures with these keys. */
export function encryptingConverter(keys: CodecKeys): DataConverter {
  return {
    payloadCodecs: [new EncryptionCodec(keys)],
    failureConverterPath: join(import.meta.dirname, 'failure-converter.ts'),
  };
}

/**
 * A client that connects when it is first needed, so that a program starts while Temporal is away.
 * @returns The client, and its connection to be closed at the end.
 */
export function temporalClient(config: TemporalConfig, keys: CodecKeys): { client: Client; connection: Connection } {
  const connection = Connection.lazy({
    address: config.address,
    tls: config.tls,
    ...(config.apiKey !== undefined && { apiKey: config.apiKey }),
    connectTimeout: '5s',
    channelArgs: { 'grpc.max_reconnect_backoff_ms': RECONNECT_WITHIN_MS, 'grpc.initial_reconnect_backoff_ms': 200 },
  });
  const client = new Client({ connection, namespace: config.namespace, dataConverter: encryptingConverter(keys) });
  return { client, connection };
}
