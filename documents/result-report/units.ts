/** Units of measurement as people read them; laboratories send them in UCUM, the code for machines. */

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const raised = (digits: string) => [...digits].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');

/** Units that take a prefix; `u` before one of them is a millionth. */
const MILLIONTH = /(?<![A-Za-z])u(?=(?:g|l|L|mol|IU|U|kat|m|s|Eq)(?![A-Za-z]))/g;

/** In characters; what is longer is a text that a laboratory put there. */
const LONGEST_UNIT = 200;

/**
 * `10*3/uL` → `10³/mcL`, `ug/dL` → `mcg/dL`, `mL/min/{1.73_m2}` → `mL/min/1.73 m²`, `[IU]/mL` → `IU/mL`. A millionth is
 * written `mc`: a handwritten or copied `µ` is read as `m`, a thousandfold error.
 */
export function readableUnit(unit: string): string {
  if (unit.length > LONGEST_UNIT) return unit;
  return unit
    .replace(/^\{([^}]*)\}$|\{([^}]*)\}/g, (_, whole?: string, part?: string) =>
      (whole ?? part ?? '').replaceAll('_', ' '),
    )
    .replace(/\[([^\]]*)\]/g, (_, inner: string) =>
      inner === 'degF' ? '°F' : inner.replace(/_(?:us|i)\b/, '').replaceAll('_', ' '),
    )
    .replace(/\b10[*^](\d+)/g, (_, digits: string) => `10${raised(digits)}`)
    .replace(/\bx?10E(\d+)/g, (_, digits: string) => `10${raised(digits)}`)
    .replace(/[µμ]/g, 'u')
    .replace(MILLIONTH, 'mc')
    .replace(/(?<=\d)m2\b/g, ' m²')
    .replace(/(?<=[\d ])m2\b|\bm2\b/g, 'm²')
    .replace(/\bCel\b/g, '°C')
    .replace(/\bmm Hg\b|\bmm\[Hg\]/g, 'mmHg');
}
