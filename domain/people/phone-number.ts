/** Telephone numbers. The library is as pure as this folder; no workflow imports it. */
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';

/** Of the North American plan: neither area nor exchange begins with 0 or 1. */
const NORTH_AMERICAN = /^[2-9]\d\d[2-9]\d{6}$/;

/**
 * Whether a text is a telephone number that can exist, in the United States unless it says `+`. Whether anybody has it is
 * not asked, so examples such as 555-0143 pass.
 */
export function isPhoneNumber(text: string): boolean {
  if (!/^[\d\s().+-]+$/.test(text.trim())) return false;
  const number = parsePhoneNumberFromString(text.trim(), { defaultCountry: 'US', extract: false });
  if (!number?.isPossible()) return false;
  return number.countryCallingCode === '1' ? NORTH_AMERICAN.test(number.nationalNumber) : number.isValid();
}
