/** The reader of a mail in its sentences: the patient, or the guardian of one (G6). */
import type { Recipient } from '../../domain/messages/recipient.ts';

/** How a mail speaks of the one whose laboratory work it is about. */
export interface Reader {
  /** First name of the reader. */
  name: string;
  /** `you`, or the minor’s first name. */
  you: string;
  /** `your`, or the minor’s name with its `’s`. */
  your: string;
  /** The same at the beginning of a sentence. */
  Your: string;
  /** First name of the minor; null where the patient reads. */
  minor: string | null;
}

/** The reader’s side of a mail’s sentences. */
export function readerOf({ first_name: name, guardian_of: minor }: Recipient): Reader {
  if (minor === null) return { name, you: 'you', your: 'your', Your: 'Your', minor };
  return { name, you: minor, your: `${minor}’s`, Your: `${minor}’s`, minor };
}

/** That a guardian is to come along; nothing for a patient of age. */
export function comeAlong({ minor }: Reader): string[] {
  return minor === null ? [] : [`Please come along: ${minor} is a minor, and a guardian must be present for the draw.`];
}
