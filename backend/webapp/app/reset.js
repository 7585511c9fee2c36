// Repairs an installation: removes the service worker, the app's files and the replica. It depends on no build and
// on no other module, and never names the database of documents that wait to be sent.

const REPLICA = "satchel-replica";

/** @param {string} name */
function deleteDatabase(name) {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve("deleted");
    request.onerror = () => resolve("failed");
    // Another window has it open; the browser deletes it when that window closes.
    request.onblocked = () => resolve("blocked");
  });
}

async function repair() {
  for (const registration of await navigator.serviceWorker.getRegistrations()) {
    if (new URL(registration.scope).pathname.startsWith("/app")) await registration.unregister();
  }
  for (const name of await caches.keys()) {
    if (name.startsWith("satchel-")) await caches.delete(name);
  }
  return deleteDatabase(REPLICA);
}

const button = /** @type {HTMLButtonElement} */ (document.getElementById("repair"));
const result = /** @type {HTMLElement} */ (document.getElementById("result"));
button.addEventListener("click", async () => {
  button.disabled = true;
  const outcome = await repair();
  result.textContent =
    outcome === "blocked"
      ? "Close the app's other windows, then open it again. · 请关闭应用的其他窗口，然后重新打开。"
      : "Done. Open the app again. · 完成，请重新打开应用。";
});
