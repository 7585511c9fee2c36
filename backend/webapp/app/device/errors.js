/**
 * The device's errors, grouped by what the caller does.
 *
 * `code` names the sentence that a screen shows, in the language of the rep; `message` is that sentence in English.
 * `technical` is for developers and support: host, status and detail.
 */

/** Base of everything that the device throws on purpose. */
export class DeviceError extends Error {
  /**
   * @param {string} code
   * @param {string} sentence
   * @param {string} [technical]
   */
  constructor(code, sentence, technical = "") {
    super(sentence);
    this.name = new.target.name;
    this.code = code;
    this.technical = technical;
  }
}

/** Retry later, with backoff. Nothing on the device is lost. */
export class Temporary extends DeviceError {
  /** The server's Retry-After in seconds, or null. @type {number | null} */
  retryAfter = null;
}

/** There was no connection, or it broke. `answering`: the server has answered since, so it is reachable. */
export class Offline extends Temporary {
  /**
   * @param {string} technical
   * @param {{ begun: boolean }} options begun: the reply had begun, so the server got the request
   */
  constructor(technical, { begun }) {
    super(
      begun ? "connection_broke" : "no_connection",
      begun ? "The connection to the server broke." : "There is no connection to the server.",
      technical,
    );
    this.sent = begun;
  }
}

/** The reply is not from the server: a page of a captive portal, an error of a proxy, a redirect. */
export class NotOurServer extends Temporary {
  /** @param {string} technical */
  constructor(technical) {
    const sentence = "The answer did not come from the server. This may be a network with a sign-in page.";
    super("not_our_server", sentence, technical);
  }
}

/** The reply was cut or altered in transit. The device used no part of it. */
export class Damaged extends Temporary {
  /** @param {string} technical */
  constructor(technical) {
    super("damaged", "The answer of the server was damaged in transit.", technical);
  }
}

/** The server sent JSON that breaks the contract. The device used no part of it. */
export class ContractBroken extends DeviceError {
  /** @param {string} technical */
  constructor(technical) {
    const sentence = "This app does not understand the answer of the server. Tell the office if this lasts.";
    super("contract_broken", sentence, technical);
  }
}

const BUSY = "The server cannot answer now.";

/** @type {Record<string, string>} */
const PROBLEMS = {
  enrolment_code_invalid: "The enrolment code is unknown, used or expired. Ask the office for a new one.",
  refresh_invalid: "The server no longer knows this device.",
  device_revoked: "This device has been revoked.",
  rate_limited: "There were too many attempts. Wait a little.",
  quota_exceeded: "As much as a day allows has been sent. The rest is sent later.",
  body_damaged: "What this device sent was damaged in transit.",
  body_too_large: "It is too large for the server.",
  receipt_type: "The server accepts only a JPEG, PNG, HEIC, WebP or PDF. Choose another file.",
  digest_mismatch: "The file was damaged in transit.",
};

/** The server answered with problem details (RFC 9457). */
export class Problem extends Temporary {
  /**
   * @param {number} status
   * @param {any} body the decoded JSON
   * @param {number | null} [retryAfter] seconds
   */
  constructor(status, body, retryAfter = null) {
    const code =
      String(body?.code || "") || (status === 413 ? "body_too_large" : status === 429 ? "rate_limited" : "");
    const refused = "The server refuses what this app sent. Tell the office if this lasts.";
    const detail = String(body?.detail || body?.title || `HTTP ${status}`);
    super(
      code in PROBLEMS ? code : status >= 500 ? "server_busy" : "request_refused",
      PROBLEMS[code] ?? (status >= 500 ? BUSY : refused),
      `${detail} (${code || status})`,
    );
    this.status = status;
    this.problem = String(body?.code || "");
    this.wipe = body?.wipe === true;
    /** @type {string | null} */
    this.wipeOrder = typeof body?.wipe_order === "string" ? body.wipe_order : null;
    this.retryAfter = retryAfter;
  }
}

/** The server refused the request for tokens, and may accept the next one. Its status is not about documents. */
export class NoNewTokens extends Temporary {
  /** @param {string} technical */
  constructor(technical) {
    const sentence = "The server did not accept this device's signature. Tell the office if this lasts.";
    super("no_new_tokens", sentence, technical);
  }
}

/** This browser is not enrolled. */
export class NotEnrolled extends DeviceError {
  constructor() {
    super("not_enrolled", "This device is not enrolled. Ask the office for a code.");
  }
}

/** The server no longer accepts this device's tokens. The outbox is kept, and sent after enrolling again. */
export class EnrolAgain extends DeviceError {
  /** @param {string} technical */
  constructor(technical) {
    const sentence = "The server no longer knows this device. Enrol again with a new code; the outbox is kept.";
    super("enrol_again", sentence, technical);
  }
}

/** The server revoked the device, and everything was deleted. `unsent`: what is in the export file. */
export class Revoked extends DeviceError {
  /** @param {number} unsent */
  constructor(unsent) {
    super("revoked", "This device has been revoked and its data deleted.", `${unsent} exported`);
    this.unsent = unsent;
  }
}

/** The document has faults. Nothing was stored; the caller still has the input. */
export class CaptureRefused extends DeviceError {
  /** @param {Fault[]} faults */
  constructor(faults) {
    super("capture_refused", faults.map((fault) => `${fault.field} ${fault.message}`.trim()).join("; "));
    this.faults = faults;
  }
}

/** The file cannot be a receipt: wrong type, too large, or not readable. */
export class ReceiptRefused extends DeviceError {}

/** No document matches, or its state does not allow the action. */
export class NotPossible extends DeviceError {}

/** The browser has no room for what should be stored. Nothing was stored. */
export class DiskFull extends DeviceError {
  constructor() {
    super("disk_full", "This phone has no room left. Delete photos or apps; what you typed is still here.");
  }
}

/** The browser closed its database and did not open it again. Nothing is lost; the app has to be restarted. */
export class DatabaseClosed extends Temporary {
  /** @param {string} technical */
  constructor(technical) {
    super("database_closed", "The phone closed the app's storage. Close the app and open it again.", technical);
  }
}

/** A newer app wrote what is stored. */
export class NewerLayout extends DeviceError {
  /** @param {string} technical */
  constructor(technical) {
    super("newer_layout", "A newer version of this app was used here. Load the app again.", technical);
  }
}

/** This browser lacks what the device needs. */
export class BrowserTooOld extends DeviceError {
  /** @param {string} technical */
  constructor(technical) {
    super("browser_too_old", "This browser is too old for the app. Update it, or use another one.", technical);
  }
}

/**
 * @typedef {{ code: string, field: string, message: string, reason?: string, parameters?: Record<string, any> }} Fault
 * The fault of one field of a document. `reason` names the sentence in the contract, `message` is it in English.
 */

/** @param {unknown} error Say whether *error* is a revocation, whatever it was the reply to. */
export function isRevocation(error) {
  return error instanceof Problem && error.problem === "device_revoked";
}
