-- The tables of version 2 of the device, as its files have them.
PRAGMA journal_mode = WAL;
CREATE TABLE record (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    channel TEXT NOT NULL,
    position INTEGER NOT NULL,
    body TEXT NOT NULL,              -- canonical JSON
    hash INTEGER NOT NULL,           -- the row hash, as a signed 64-bit integer
    words TEXT,                      -- what a search looks at, folded
    parent TEXT,                     -- the customer, product or list it belongs to
    PRIMARY KEY (collection, key)
) WITHOUT ROWID;
-- Holds all that a checksum of a stream or of a range of its keys needs.
CREATE INDEX record_by_stream ON record (channel, collection, key, hash);
CREATE INDEX record_by_parent ON record (collection, parent) WHERE parent IS NOT NULL;

CREATE TABLE segment (               -- offered by the page that gave the cursor
    channel TEXT NOT NULL,
    collection TEXT NOT NULL,
    key_from TEXT NOT NULL,
    key_to TEXT,                     -- excluded; null: all keys above
    priority INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    position INTEGER NOT NULL,
    url TEXT,
    applied INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel, collection, key_from)
) WITHOUT ROWID;

CREATE TABLE held (                  -- one row: where the replica stands
    one INTEGER PRIMARY KEY CHECK (one = 1),
    run INTEGER NOT NULL DEFAULT 0,  -- counted up whenever the cursor is dropped
    cursor TEXT,
    etag TEXT,                       -- that came with the page that gave the cursor
    epoch TEXT,
    restart INTEGER NOT NULL DEFAULT 0, -- the next first page replaces everything
    complete INTEGER NOT NULL DEFAULT 0,
    server_time TEXT,
    poll_after INTEGER,
    synced_at TEXT,
    then_cursor TEXT,                -- replaces the cursor when the last offered segment is applied
    check_count INTEGER,             -- what the last complete page said that the replica holds
    check_sum INTEGER,
    verified INTEGER NOT NULL DEFAULT 0, -- the rows as they are now were found equal to that
    verified_at TEXT,                -- when they last were, by the server's time, like the two below
    deep_at TEXT,                    -- when hashes were last recomputed from the bodies
    renewed_at TEXT                  -- when everything was last fetched anew because repair did not help
);
INSERT INTO held (one) VALUES (1);

CREATE TABLE document (              -- the outbox
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    rep TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    captured_at TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    frozen BLOB NOT NULL,            -- the submission's bytes as they travel, never written again
    supersedes TEXT,
    due INTEGER NOT NULL DEFAULT 1,  -- to be pushed
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    status TEXT,                     -- of the last push result
    state TEXT,                      -- where it stands on the server, as last heard
    mark TEXT,                       -- why it is not pushed though the server does not have it
    errors TEXT NOT NULL DEFAULT '[]',
    dismissed INTEGER NOT NULL DEFAULT 0,
    final_at TEXT                    -- the server's time when the feed said so
);

CREATE TABLE receipt (
    sha256 TEXT PRIMARY KEY,
    filename TEXT NOT NULL,
    filetype TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    upload TEXT,                     -- the upload's path on the server, once begun
    uploaded INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
CREATE TABLE document_receipt (
    document TEXT NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL REFERENCES receipt (sha256),
    PRIMARY KEY (document, sha256)
) WITHOUT ROWID;

CREATE TABLE session (               -- no row, or one
    one INTEGER PRIMARY KEY CHECK (one = 1),
    server TEXT NOT NULL,
    issuer TEXT NOT NULL,
    device_id TEXT NOT NULL,
    rep TEXT NOT NULL,
    rep_name TEXT NOT NULL,
    company TEXT NOT NULL,
    key_file TEXT NOT NULL,
    access_token TEXT,
    access_until REAL NOT NULL DEFAULT 0, -- by this device's clock: a hint, never a check
    refresh_token TEXT NOT NULL
);
PRAGMA application_id = 1398031176;
PRAGMA user_version = 2;
