/**
 * What the parts of one sync share.
 *
 * @typedef {{
 *   stores: import("../store/stores.js").Stores,
 *   session: import("../session/session.js").Session,
 *   report: import("./report.js").SyncReport,
 *   size: import("./page_size.js").PageSize,
 *   rep: string,
 *   now: () => string,
 *   onProgress: (report: import("./report.js").SyncReport) => void,
 *   grace: number,
 *   rehash: boolean,
 *   isOnline: boolean,
 *   holdsReceipts: () => boolean,
 *   onUpload: () => void,
 * }} SyncContext
 * `now` is this device's time, as ISO 8601. `grace`: milliseconds for which a final document is kept. `rehash`:
 * compute every hash again before the replica is compared. `isOnline`: false if the browser says that there is no
 * network at all. `holdsReceipts`: whether photos wait for Wi-Fi now. `onUpload`: the server has confirmed a piece.
 */

export {};
