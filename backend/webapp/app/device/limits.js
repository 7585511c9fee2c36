/** Sizes and times of the protocol, as `tests/contract/wire/limits.json` has them; a test compares the two. */

export const LIMITS = Object.freeze({
  page_bytes: 262_144,
  page_bytes_least: 4_096,
  push_submissions: 100,
  push_bytes: 4_194_304,
  submission_bytes: 524_288,
  receipt_bytes: 20_971_520,
  receipt_chunk_bytes: 1_048_576,
  segment_plain_bytes: 16_777_216,
  verify_streams: 1_000,
  verify_ranges: 64,
  verify_rows: 64,
  report_unsent: 500,
  report_syncs: 100,
});

/** The revision of the catalogue and the wire for which this app was built. */
export const SCHEMA_REVISION = 2;
