"""The device's tables in a new file. `migrations.py` upgrades the file of an earlier version to the same."""

APPLICATION_ID = 0x53544348  # "STCH"
VERSION = 4

RECORD = """
CREATE TABLE record (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    channel TEXT NOT NULL,
    position INTEGER NOT NULL,
    body TEXT NOT NULL,              -- canonical JSON
    hash INTEGER NOT NULL,           -- the row hash, as a signed 64-bit integer
    search_text TEXT,                -- the text that a search compares, folded
    parent TEXT,                     -- key of the customer, product or list that the record belongs to
    PRIMARY KEY (collection, key)
) WITHOUT ROWID;
-- A covering index for the checksum of a stream or of one of its key ranges.
CREATE INDEX record_by_stream ON record (channel, collection, key, hash);
CREATE INDEX record_by_parent ON record (collection, parent) WHERE parent IS NOT NULL;
"""

SEGMENT = """
CREATE TABLE segment (               -- offered by the page that gave the cursor
    channel TEXT NOT NULL,
    collection TEXT NOT NULL,
    key_from TEXT NOT NULL,
    key_to TEXT,                     -- excluded; null: no upper bound
    priority INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    position INTEGER NOT NULL,
    url TEXT,
    applied INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel, collection, key_from)
) WITHOUT ROWID;
"""

SYNC_STATE = """
CREATE TABLE sync_state (            -- one row: how far the replica has been synced
    one INTEGER PRIMARY KEY CHECK (one = 1),
    run INTEGER NOT NULL DEFAULT 0,  -- incremented whenever the cursor is dropped
    cursor TEXT,
    etag TEXT,                       -- of the page that gave the cursor
    epoch TEXT,
    restart INTEGER NOT NULL DEFAULT 0, -- the next first page replaces everything
    complete INTEGER NOT NULL DEFAULT 0,
    server_time TEXT,
    poll_after INTEGER,              -- seconds
    synced_at TEXT,
    then_cursor TEXT,                -- replaces the cursor when the last offered segment is applied
    check_count INTEGER,             -- the checksum of the replica, as the last complete page stated it
    check_sum INTEGER,
    verified INTEGER NOT NULL DEFAULT 0, -- the current rows were found equal to that checksum
    verified_at TEXT,                -- when they last were, by the server's time, like the two below
    rehashed_at TEXT,                -- when the hashes were last computed again from the bodies
    refetched_at TEXT                -- when everything was last fetched again because a repair did not help
);
INSERT INTO sync_state (one) VALUES (1);
"""

OUTBOX = """
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
    state TEXT,                      -- the last known state on the server
    mark TEXT,                       -- why it is not pushed although the server does not have it
    errors TEXT NOT NULL DEFAULT '[]',
    dismissed INTEGER NOT NULL DEFAULT 0,
    final_at TEXT,                   -- the server's time when the feed reported a final state
    warnings TEXT NOT NULL DEFAULT '[]' -- what the rep should know although it was accepted, as in errors
);

CREATE TABLE receipt (
    sha256 TEXT PRIMARY KEY,
    filename TEXT NOT NULL,
    filetype TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    upload TEXT,                     -- the upload's path on the server, once it has begun
    uploaded INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
CREATE TABLE document_receipt (
    document TEXT NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL REFERENCES receipt (sha256),
    PRIMARY KEY (document, sha256)
) WITHOUT ROWID;
"""

CLOCK = """
CREATE TABLE clock (                 -- no row, or one: the server's time when it last answered
    one INTEGER PRIMARY KEY CHECK (one = 1),
    server REAL NOT NULL,            -- Unix time, by the server's clock
    device REAL NOT NULL,            -- Unix time at the same moment, by this device's clock
    running REAL NOT NULL,           -- seconds since this device was started, at the same moment
    boot TEXT NOT NULL               -- names the start of this device; another one, and running began again
);
"""

SESSION = """
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
"""

SCHEMA = RECORD + SEGMENT + SYNC_STATE + OUTBOX + CLOCK + SESSION
