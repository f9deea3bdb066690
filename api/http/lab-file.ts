/** A file that a laboratory sent, on its way to whoever asks for it. */
import { PDF } from '../../store/results/lab-documents.ts';
import type { SentFile } from './endpoint.ts';

const EXTENSIONS: Readonly<Record<string, string>> = {
  [PDF]: 'pdf',
  'image/tiff': 'tiff',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'application/rtf': 'rtf',
};

/**
 * Only a PDF is shown by browsers. It is called as its laboratory calls it, as far as file systems take that.
 * @param id What it is called by where nothing is left of its name: SHA-256 of it, hex.
 */
export function labFile(
  content: Buffer,
  { id, name, media_type }: { id: string; name: string; media_type: string },
): SentFile {
  const base = name
    .normalize('NFKD')
    .replace(/[^\w-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  const filename = `${base || id.slice(0, 12)}.${EXTENSIONS[media_type] ?? 'bin'}`;
  return { content, media_type, filename, isShown: media_type === PDF };
}
