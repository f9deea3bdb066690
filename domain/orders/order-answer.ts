/** What a laboratory's acknowledgment decides, by what it is of. */

interface Said {
  code: 'AA' | 'AE' | 'AR';
  /** The lab's words; empty when it had none. */
  text: string;
  /** False where the lab may still reject the order. */
  is_final: boolean;
}

/**
 * What it decides of an order (`NW`) or its cancellation (`CA`). A laboratory that has canceled the order (ORC-1 `OC`, `OD`)
 * has accepted a cancellation, and rejected an order, whatever it acknowledges the message with; an error stays one.
 */
export function decisionOn<S extends Said>(purpose: 'NW' | 'CA', isCanceled: boolean, said: S): S {
  if (!isCanceled || said.code === 'AE') return said;
  if (purpose === 'CA') return { ...said, code: 'AA' };
  const text = said.text || 'The laboratory has canceled it.';
  return { ...said, code: 'AR', text, is_final: true };
}
