/** Codes that carry their own check: whose form can be judged without asking anybody. */

/** ICD-10-CM: a letter, a digit, a digit or A or B, then up to four more characters, with or without the dot. */
const ICD_10_CM = /^[A-Z]\d[0-9AB](\.?[0-9A-Z]{1,4})?$/;

/** Whether a diagnosis code has the form of ICD-10-CM, `E11.9`. Whether it is in this year's edition is not judged. */
export function isIcd10Code(code: string): boolean {
  return ICD_10_CM.test(code.trim().toUpperCase());
}

/** Whether ten digits are a National Provider Identifier: their Luhn sum with the prefix 80840 is a multiple of ten. */
export function isNpi(text: string): boolean {
  if (!/^\d{10}$/.test(text)) return false;
  const digits = [...`80840${text}`].reverse().map(Number);
  const sum = digits.reduce((total, digit, place) => {
    const weighted = place % 2 === 0 ? digit : digit * 2;
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return sum % 10 === 0;
}
