/** The library idb, by its address in a build: a worker has no import map. */

export { openDB } from "../../vendor/idb.js";
