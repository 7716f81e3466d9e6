CREATE TABLE attempts (
    reply text not null references replies(id),
    number integer not null,        -- from 1
    connection_id integer not null,
    provider text not null,
    model text not null,
    rung text,                      -- null: not a resume
    replay_id text,
    started real not null,
    ended real,
    ttfb real,                      -- seconds from started
    first_text real,                -- seconds from started
    fault_kind text,
    fault_permanent integer,
    fault_detail text,
    fault_status integer,
    fault_wait real, dns real, tcp real, tls real,
    primary key (reply, number)
) without rowid;
CREATE TABLE choices (
    conversation text not null references conversations(id),
    turn text not null references turns(id),
    reply text not null references replies(id),  -- the one shown there; without a row: the newest
    primary key (conversation, turn)
) without rowid;
CREATE TABLE conversations (
    id text primary key not null,
    title text,                     -- null until renamed: then the first line of the first prompt
    provider text not null,         -- last used
    model text not null,            -- last used
    branched_from text references conversations(id),
    branched_at integer,            -- turns of branched_from at lower positions are this conversation's too
    created real not null,
    updated real not null,          -- the last turn or reply
    deleted_at real,
    system text not null, sampling text not null default '{}',           -- what may be long comes last: reading the others does not touch it
    check ((branched_from is null) = (branched_at is null))
);
CREATE TABLE deltas (
    reply text not null references replies(id),
    seq integer not null,
    attempt integer,                -- the attempt that brought it
    text text not null,
    "offset" integer not null,      -- body bytes of that attempt up to the end of the frame that held it
    at real not null, sum integer,
    primary key (reply, seq)
) without rowid;
CREATE TABLE dropped (
    conversation text not null references conversations(id),
    turn text not null references turns(id),
    at real not null,
    primary key (conversation, turn)
) without rowid;
CREATE TABLE keepers (
    base_url text primary key not null,
    at real not null                -- when it said so
) without rowid;
CREATE TABLE learned (
    base_url text not null,
    model text not null,
    refused text not null,          -- JSON array of rungs
    bare_end integer not null,
    updated real not null, no_thinking integer not null default 0,
    primary key (base_url, model)
) without rowid;
CREATE TABLE processes (
    id text primary key not null,
    pid integer not null,
    machine text not null,          -- the boot and process namespace that the pid counts in
    born text not null,             -- when the system started that pid; '' where it does not tell
    heartbeat real not null,
    saved integer not null,         -- how many of this process's records are in this file: each is applied once
    closed real                     -- when it stopped writing; null: not by itself
);
CREATE TABLE reasoning (
    reply text not null references replies(id),
    seq integer not null,
    text text not null,
    at real not null,
    primary key (reply, seq)
) without rowid;
CREATE TABLE replies (
    id text primary key not null,
    turn text not null references turns(id),
    position integer not null,      -- from 0
    provider text not null,
    base_url text not null,
    model text not null,
    parameters text not null,       -- JSON object: what was asked beside the messages
    state text not null check (state in ('streaming', 'done', 'failed', 'stopped')),
    owner text references processes(id),  -- who writes it; null once it has ended
    started real not null,
    ended real,
    first_text_after real,          -- seconds from started
    finish_reason text,
    fault_kind text,
    fault_permanent integer,
    fault_detail text,
    fault_status integer,
    fault_wait real,
    note text not null default '',
    verified integer not null default 1,
    through integer not null default -1,  -- deltas up to this one are in `text`; later ones follow it
    boundaries blob not null default x'', -- where the last of them ended: 16-bit little-endian distances from its end
    replay_id text,                 -- the stream that its end came from
    replay_offset integer not null default 0, -- and how far that was read, body bytes
    text text not null default ''   -- put together when the reply ended
);
CREATE TABLE rungs (
    base_url text not null,
    model text not null,
    rung text not null,
    refused integer not null,
    misses integer not null,        -- in a row
    at real not null,               -- since when it is so
    primary key (base_url, model, rung)
) without rowid;
CREATE TABLE seams (
    reply text not null references replies(id),
    number integer not null,        -- from 0
    at integer not null,
    how text not null,
    verified integer not null,
    gap real not null,              -- seconds
    paid_twice integer not null,    -- tokens
    model_before text not null,
    model_after text not null,
    primary key (reply, number)
) without rowid;
CREATE TABLE search_backfill (
    turns integer not null,
    replies integer not null
);
CREATE TABLE search_docs (
    id integer primary key,
    thing text not null unique,
    turn text references turns(id)
);
CREATE VIRTUAL TABLE search_inner using fts5(grams, content='', columnsize=0, detail=none, tokenize='ascii');
CREATE TABLE search_todo (
    thing text primary key not null -- a turn or a reply that is not in the index yet, or no longer as it is
) without rowid;
CREATE TABLE search_vocabulary (
    id integer primary key,
    word text not null unique
);
CREATE TABLE search_vocabulary_backfill (after text not null);
CREATE VIRTUAL TABLE search_words
using fts5(words, parts, content='', columnsize=0, prefix='2 3 4 5', tokenize='ascii');
CREATE TABLE sums (
    thing text primary key not null,
    parts blob not null
) without rowid;
CREATE TABLE sums_backfill (
    turns integer not null,
    replies integer not null
);
CREATE TABLE turns (
    id text primary key not null,
    conversation text not null references conversations(id),
    position integer not null,      -- from 0
    created real not null,
    deleted_at real,
    prompt text not null
);
CREATE TABLE usage (
    reply text primary key not null references replies(id),
    prompt integer not null,        -- tokens
    completion integer not null,    -- tokens
    exact integer not null,
    cost_usd real,                  -- null: no price is known
    at_least integer not null
) without rowid;
CREATE INDEX conversations_branches on conversations(branched_from) where branched_from is not null;
CREATE INDEX conversations_recent on conversations(updated desc, id desc) where deleted_at is null;
CREATE INDEX replies_in_order on replies(turn, position, id);
CREATE INDEX replies_open on replies(owner) where owner is not null;
CREATE INDEX turns_in_order on turns(conversation, position, id) where deleted_at is null;
