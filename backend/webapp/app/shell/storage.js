// What this phone stores, and whether the browser may delete it when space is short.

/** @typedef {{ used: number, free: number, persistent: boolean }} StorageUse In bytes. */

/** @returns {Promise<StorageUse>} */
export async function storageUse() {
  const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  const persistent = (await navigator.storage?.persisted?.()) ?? false;
  return { used: usage, free: Math.max(0, quota - usage), persistent };
}

/** Ask the browser not to delete our data; returns whether it agreed. */
export async function askToPersist() {
  return (await navigator.storage?.persist?.()) ?? false;
}
