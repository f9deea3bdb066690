/** The numbers that we give orders: twelve characters, the first a V (store/orders/placer-order-number.ts makes them). */
const OURS = /^V[0-9A-Z]{11}$/i;

/** Whether a text is a placer order number of ours, in whichever case it comes back. */
export const isOurNumber = (text: string): boolean => OURS.test(text);
