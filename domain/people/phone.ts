/** A number of the North American plan as people write it, `+12125550188` → `(212) 555-0188`; any other as it is. */
export function phoneText(number: string): string {
  const parts = /^\+?1?(\d{3})(\d{3})(\d{4})$/.exec(number.replace(/[\s().-]/g, ''));
  return parts ? `(${parts[1]}) ${parts[2]}-${parts[3]}` : number;
}
