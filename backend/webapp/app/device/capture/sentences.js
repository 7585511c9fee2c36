/** Faults of a document with the sentence of the contract: in English beside the code and the parameters. */

/** @typedef {import("../errors.js").Fault} Fault */
/** @typedef {{ code: string, text: { en: string } }} Reason */

const PLACE = /\{([\w.]+)(?::\w+)?\}/g;
const COMMA = ", ";

/**
 * Return the English sentence *reason* with *parameters* in its places; the code if the contract has no such sentence.
 *
 * @param {Reason[]} reasons
 * @param {string} reason
 * @param {Record<string, any>} parameters
 * @returns {string}
 */
export function sentence(reasons, reason, parameters) {
  const text = reasons.find((each) => each.code === reason)?.text.en ?? reason;
  return text.replace(PLACE, (place, name) => {
    const value = parameters[name];
    if (value === undefined || value === null) return place;
    if (Array.isArray(value)) return value.join(COMMA);
    return typeof value === "object" ? sentence(reasons, value.code, value.parameters) : String(value);
  });
}
