/** Words for callers that more than one place must know. */

/** Somebody else has that time now. */
export const SLOT_TAKEN = 'This appointment slot is no longer available. Please select a new time.';
