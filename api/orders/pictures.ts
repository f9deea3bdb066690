/** Pictures in requests: a physician's signature. */
import { createRequire } from 'node:module';
import { z } from 'zod';
import type * as Pictures from '../../documents/page/pictures.ts';
import { REQUEST_LIMITS } from '../../domain/limits.ts';

const load = createRequire(import.meta.url);

/** Loaded with the first picture that comes: with what PDFs are made with, it takes some ten megabytes of memory. */
const pictures = () => load('../../documents/page/pictures.ts') as typeof Pictures;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** A PNG or JPEG as callers send it, that can be printed. */
export const picture = z
  .object({
    content: z
      .string()
      .max(REQUEST_LIMITS.picture_characters)
      .regex(BASE64, 'must be the picture in base64')
      .meta({ description: 'The picture in base64, at most half a megabyte.' }),
    content_type: z.enum(['image/jpeg', 'image/png']),
  })
  .refine(({ content, content_type }) => pictures().kindOfPicture(bytesOf(content)) === content_type, {
    message: 'does not match content_type',
    path: ['content'],
    abort: true,
  })
  .refine(({ content }) => pictures().isPrintable(bytesOf(content)), {
    message: 'is damaged or too large: must be a complete JPEG, or a PNG with at most 4 million pixels',
    path: ['content'],
  });

/** The bytes of such a picture. */
export function bytesOf(content: string): Buffer {
  return Buffer.from(content, 'base64');
}
