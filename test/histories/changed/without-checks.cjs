/** A webpack loader that makes the journey forget the checks before the requisition (A2). */
const CHECKS = '(await this.#checks()) ?? ';

module.exports = (source) => {
  if (!source.includes(CHECKS)) throw new Error(`order-journey.ts no longer has "${CHECKS}": forget another step here`);
  return source.replace(CHECKS, '');
};
