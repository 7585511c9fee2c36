// Sentences about documents and fields, in the language of the person: from code and parameters, else as they came.

import { fieldPlace } from "../form/places.js";
import { t } from "../texts/text.js";
import { dateText } from "../texts/time.js";
import { collectionOf, contract, kindOf, words } from "./contract.js";

const PLACE = /\{([\w.]+)(?::(\w+))?\}/g;

/** Reasons whose sentence explains the wire; a person who types reads another one. */
const NUMBER_REASONS = ["invalid_money", "invalid_percent", "invalid_quantity"];
const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * @param {string | null | undefined} code
 * @param {Record<string, any>} parameters
 * @param {string} otherwise The sentence as the server sent it, in English or in the words of the ERP.
 * @param {import("./contract.js").Field[]} [fields] Those of the document, to name the place of a fault.
 * @returns {string}
 */
export function reasonText(code, parameters, otherwise, fields = []) {
  if (NUMBER_REASONS.includes(code ?? "")) {
    return t(NUMBER.test(String(parameters.value)) ? "form.too_many_digits" : "form.not_a_number");
  }
  const reason = contract.value?.reasons.find((each) => each.code === code);
  const text = reason ? fill(words(reason.text), parameters, fields) : otherwise;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * @param {string} text
 * @param {Record<string, any>} parameters
 * @param {import("./contract.js").Field[]} fields
 */
function fill(text, parameters, fields) {
  return text.replace(PLACE, (place, name, type) => {
    const value = parameters[name];
    return value === undefined || value === null ? place : parameterText(value, type, fields);
  });
}

/**
 * @param {any} value
 * @param {string | undefined} type
 * @param {import("./contract.js").Field[]} fields
 * @returns {string}
 */
function parameterText(value, type, fields) {
  if (Array.isArray(value)) {
    return value
      .map((each) => parameterText(each, type, fields))
      .join(words(contract.value?.words.comma) || ", ");
  }
  if (typeof value === "object")
    return reasonText(value.code, value.parameters ?? {}, String(value.code ?? ""), fields);
  if (type === "collection") return words(collectionOf(value)?.item) || value;
  if (type === "kind") return words(kindOf(value)?.label) || value;
  if (type === "state") return words(stateOf(value)?.label) || value;
  if (type === "date") return dateText(String(value));
  if (type === "field") return fieldPlace(fields, String(value));
  return String(value);
}

/** @param {string} name */
export function stateOf(name) {
  return contract.value?.states.find((each) => each.name === name) ?? null;
}

/** @type {Record<string, import("../texts/text.js").TextName>} Stages that only this phone knows. */
const OWN_STAGES = {
  on_device: "stage.on_device",
  dismissed: "stage.dismissed",
  refused: "stage.refused",
  suspicious: "stage.suspicious",
  too_large: "stage.too_large",
  quarantined: "stage.quarantined",
};

/** @param {string} stage Return the words for the stage of a document. */
export function stageText(stage) {
  const own = OWN_STAGES[stage];
  if (own) return t(own);
  return words((stateOf(stage) ?? contract.value?.results.find((each) => each.name === stage))?.label) || stage;
}

/** @param {string} stage Return a sentence about the stage of a document, or an empty text. */
export function stageSentence(stage) {
  if (stage === "on_device") return t("stage.on_device_what");
  return words((stateOf(stage) ?? contract.value?.results.find((each) => each.name === stage))?.sentence);
}
