/**
 * Carries over to the outbox what the replica learned: states of documents, what is due again, deletions.
 *
 * A page is stored with its updates in the replica, in one transaction; then they are applied to the outbox, then
 * removed from the replica. Whatever is interrupted is done again. Doing it twice changes nothing, because the app
 * holds a lock for all three steps: no update of a later page can come in between.
 */

import { writeJournal } from "./deletions.js";
import { pushAllAgain, updateStates } from "./outbox.js";
import { readState, writeState } from "./state.js";

/**
 * Apply the updates that are waiting. Call it under the lock of the stores.
 *
 * @param {import("./stores.js").Stores} stores
 */
export async function carryOver(stores) {
  const { updates } = await stores.replica.read(readState);
  if (!updates.length) return;
  await stores.outbox.write(async (transaction) => {
    for (const update of updates) {
      if (update.pushAgain) await pushAllAgain(transaction);
      await updateStates(transaction, update.submissions, update.serverTime);
      await writeJournal(transaction, update.journal);
    }
  });
  await stores.replica.write(async (transaction) => {
    const state = await readState(transaction);
    state.updates = state.updates.slice(updates.length);
    await writeState(transaction, state);
  });
}
