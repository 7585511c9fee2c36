// The contract: what collections and kinds there are, their fields and their words. The server renders it, and the
// phone keeps it, so that lists, pages and forms are drawn without a network.

import { signal } from "@preact/signals";
import { device } from "../shell/device.js";
import { logError } from "../shell/error_log.js";
import { language } from "../texts/text.js";

/** @typedef {{ en: string, zh: string }} Words */
/**
 * @typedef {{ name: string, label: Words, help?: Words, type: string, required: boolean, nullable: boolean,
 *   default?: any, references?: string, names?: string, longest?: number, blank?: boolean, multiline?: boolean, least?: string | number,
 *   most?: string | number, above?: string, choices?: { value: string, label: Words }[], item?: Field,
 *   fields?: Field[], currency?: string, unit?: string, hidden?: boolean }} Field
 */
/**
 * @typedef {{ name: string, label: Words, item: Words, help: Words, key: string, title: string | null,
 *   columns: string[], sort: [string, "ascending" | "descending"][], search: string[],
 *   parent: { collection: string, field: string } | null, fields: Field[] }} Collection
 */
/**
 * @typedef {{ name: string, label: Words, help: Words, destination: string, title: string, lines: string | null,
 *   fields: Field[], prefill: Record<string, any[]>, options: Record<string, [string, string]>, rules: any[],
 *   checks?: { name: string, check: any[] }[],
 *   records: Record<string, [string, string]> }} Kind
 */
/** @typedef {{ name: string, label: Words, sentence: Words, group: string, replaceable: boolean }} State */
/**
 * @typedef {{ format: number, version: string, collections: Collection[], kinds: Kind[], states: State[],
 *   results: State[], decisions: State[], park_reasons: { name: string, label: Words }[],
 *   types: Record<string, { pattern?: string, error?: string }>,
 *   errors: { code: string, label: Words, sentence: Words }[],
 *   reasons: { code: string, parameters: string[], text: Words }[], words: Record<string, Words>,
 *   currencies: { usual_decimals: number, decimals: Record<string, number> } }} Contract
 */

const ADDRESS = "/app/contract.json";
const CACHE = "satchel-contract";
const FORMAT = 1;

/** The contract; null until this phone has one. */
export const contract = signal(/** @type {Contract | null} */ (null));

/** Read the stored contract, then ask the server for a newer one. */
export async function startContract() {
  await take(await (await caches.open(CACHE)).match(ADDRESS));
  await refreshContract();
}

/** Ask the server; keep what this phone has if it does not answer. */
export async function refreshContract() {
  try {
    const response = await fetch(ADDRESS);
    if (await take(response.clone())) await (await caches.open(CACHE)).put(ADDRESS, response);
  } catch (error) {
    // No network is no error: the stored contract serves.
    if (!(error instanceof TypeError)) logError(error);
  }
}

/**
 * Use *response* if it is a contract; a captive portal's page is none.
 *
 * @param {Response | undefined} response
 */
async function take(response) {
  if (!response?.ok || !response.headers.get("Content-Type")?.startsWith("application/json")) return false;
  const read = await response.json();
  if (read?.format !== FORMAT) return false;
  if (contract.value?.version !== read.version) {
    contract.value = read;
    await device.call.setContract(read);
  }
  return true;
}

/** @param {Words | undefined} both Return the words in the chosen language. */
export function words(both) {
  return both?.[language.value] ?? "";
}

/** @param {Words | undefined} both Return the words as they stand within a sentence: English ones begin in lower case. */
export function wordsWithin(both) {
  const text = words(both);
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

/** @param {string} name */
export function collectionOf(name) {
  return contract.value?.collections.find((each) => each.name === name) ?? null;
}

/** @param {string} name */
export function kindOf(name) {
  return contract.value?.kinds.find((each) => each.name === name) ?? null;
}

/** @param {Collection} collection @param {Record<string, any>} record Return the words that name *record*. */
export function titleOf(collection, record) {
  const title = collection.title ? record[collection.title] : null;
  return String(title ?? record[collection.key] ?? "");
}
