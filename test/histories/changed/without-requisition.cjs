/** A webpack loader that makes the journey forget to send its order to the laboratory (A3). */
const SUBMISSION = 'laboratory.submit()';

module.exports = (source) => {
  if (!source.includes(SUBMISSION)) throw new Error(`journey.ts no longer has "${SUBMISSION}": forget another step here`);
  return source.replace(SUBMISSION, 'Promise.resolve({ accepted: true, filler_order_number: null })');
};
