/** Post offices of the armed forces: in addresses, and in no state. */
export const MILITARY_STATES = ['AA', 'AE', 'AP'] as const;

/** States in which patients can be served. */
// biome-ignore format: a few lines instead of sixty
export const US_STATES = [
  'AL', 'AK', 'AZ', 'AR', 'CA', 'CO', 'CT', 'DE', 'DC', 'FL', 'GA', 'HI', 'ID', 'IL', 'IN', 'IA', 'KS',
  'KY', 'LA', 'ME', 'MD', 'MA', 'MI', 'MN', 'MS', 'MO', 'MT', 'NE', 'NV', 'NH', 'NJ', 'NM', 'NY', 'NC',
  'ND', 'OH', 'OK', 'OR', 'PA', 'RI', 'SC', 'SD', 'TN', 'TX', 'UT', 'VT', 'VA', 'WA', 'WV', 'WI', 'WY',
  'AS', 'GU', 'MP', 'PR', 'VI',
] as const;

/** Two-letter code of a state, the District of Columbia or a territory. */
export type UsState = (typeof US_STATES)[number];

/** The code in capitals, or undefined when there is no such state. */
export function usState(text: string): UsState | undefined {
  const capitals = text.trim().toUpperCase();
  return US_STATES.find((state) => state === capitals);
}
