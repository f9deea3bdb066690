/** Who did something: carried from the request, through the journey's command, into the audit entry of what came of it (G4). */

export const PRINCIPAL_KINDS = ['key', 'person', 'patient_link', 'partner', 'system'] as const;

/** Somebody who can do something to an order. Never a name or an address of a patient. */
export interface Principal {
  kind: (typeof PRINCIPAL_KINDS)[number];
  /**
   * Of a key its id, of a person the name of the account, of a patient's link the id under which it is stored, of a
   * partner its slug, of the system the part of it.
   */
  id: string;
}

/** The journey itself: a check that failed, a deadline that passed, what follows from an event. */
export const THE_JOURNEY: Principal = { kind: 'system', id: 'journey' };

/** An engineer who works on workflows directly, in Temporal UI or with its command line. */
export const AN_ENGINEER: Principal = { kind: 'person', id: 'temporal' };

/** A laboratory or a phlebotomy provider, by its slug. */
export const partner = (slug: string): Principal => ({ kind: 'partner', id: slug });
