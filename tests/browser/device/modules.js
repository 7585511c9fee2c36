// The modules of the device, for tests that call them one by one.

import * as base64url from "/device/base64url.js";
import * as canonical from "/device/canonical.js";
import * as amendments from "/device/capture/amendments.js";
import * as checks from "/device/capture/checks.js";
import * as factors from "/device/capture/factors.js";
import * as rules from "/device/capture/rules.js";
import * as totals from "/device/capture/totals.js";
import * as checksum from "/device/checksum.js";
import * as columns from "/device/columns.js";
import * as decimals from "/device/decimals.js";
import { Device } from "/device/device.js";
import * as errors from "/device/errors.js";
import * as ids from "/device/ids.js";
import * as limits from "/device/limits.js";
import * as pageReader from "/device/page.js";
import * as search from "/device/search/index.js";
import * as searchText from "/device/search/text.js";
import * as segment from "/device/segment.js";
import * as exports from "/device/session/export.js";
import * as keys from "/device/session/keys.js";
import * as transport from "/device/session/transport.js";
import * as zip from "/device/session/zip.js";
import * as sha from "/device/sha256.js";
import * as clock from "/device/store/clock.js";
import * as deletions from "/device/store/deletions.js";
import * as outbox from "/device/store/outbox.js";
import * as outboxDatabase from "/device/store/outbox_database.js";
import * as photos from "/device/store/photos.js";
import * as replica from "/device/store/replica.js";
import * as rows from "/device/store/row.js";
import * as state from "/device/store/state.js";
import * as push from "/device/sync/push.js";
import { SyncReport } from "/device/sync/report.js";
import * as schedule from "/device/sync/schedule.js";
import * as segments from "/device/sync/segments.js";

const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

// What a test sees of an error.
async function outcome(work) {
  try {
    return { result: (await work()) ?? null };
  } catch (error) {
    return { error: { name: error.name, code: error.code ?? "", message: error.message, ...error } };
  }
}

globalThis.m = {
  base64url, canonical, amendments, checks, factors, checksum, columns, decimals, Device, errors, ids, limits, pageReader, search,
  searchText, segment, exports, keys, transport, zip, sha, clock, deletions, outbox, outboxDatabase, photos, replica,
  rows, rules, state, totals, push, SyncReport, schedule, segments, bytes, outcome,
};
