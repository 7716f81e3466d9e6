-- The shape of the journal. Each section is one migration; they only grow: a section that has landed never changes.
-- Times are seconds since the epoch; places in a text are code points. `user_version` counts the sections that ran.

-- name: m1_first

-- The processes that write: an unfinished reply belongs to one of them for as long as it lives.
create table processes (
    id text primary key not null,
    pid integer not null,
    machine text not null,          -- the boot and process namespace that the pid counts in
    born text not null,             -- when the system started that pid; '' where it does not tell
    heartbeat real not null,
    saved integer not null,         -- how many of this process's records are in this file: each is applied once
    closed real                     -- when it stopped writing; null: not by itself
);

create table conversations (
    id text primary key not null,
    title text,                     -- null until renamed: then the first line of the first prompt
    provider text not null,         -- last used
    model text not null,            -- last used
    branched_from text references conversations(id),
    branched_at integer,            -- turns of branched_from at lower positions are this conversation's too
    created real not null,
    updated real not null,          -- the last turn or reply
    deleted_at real,
    system text not null,           -- what may be long comes last: reading the others does not touch it
    check ((branched_from is null) = (branched_at is null))
);
create index conversations_recent on conversations(updated desc, id desc) where deleted_at is null;
create index conversations_branches on conversations(branched_from) where branched_from is not null;

create table turns (
    id text primary key not null,
    conversation text not null references conversations(id),
    position integer not null,      -- from 0
    created real not null,
    deleted_at real,
    prompt text not null
);
create index turns_in_order on turns(conversation, position, id) where deleted_at is null;

create table replies (
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
create index replies_in_order on replies(turn, position, id);
create index replies_open on replies(owner) where owner is not null;

create table deltas (
    reply text not null references replies(id),
    seq integer not null,
    attempt integer,                -- the attempt that brought it
    text text not null,
    "offset" integer not null,      -- body bytes of that attempt up to the end of the frame that held it
    at real not null,
    primary key (reply, seq)
) without rowid;

create table reasoning (
    reply text not null references replies(id),
    seq integer not null,
    text text not null,
    at real not null,
    primary key (reply, seq)
) without rowid;

create table attempts (
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
    fault_wait real,
    primary key (reply, number)
) without rowid;

create table seams (
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

create table usage (
    reply text primary key not null references replies(id),
    prompt integer not null,        -- tokens
    completion integer not null,    -- tokens
    exact integer not null,
    cost_usd real,                  -- null: no price is known
    at_least integer not null
) without rowid;

create table learned (
    base_url text not null,
    model text not null,
    refused text not null,          -- JSON array of rungs
    bare_end integer not null,
    updated real not null,
    primary key (base_url, model)
) without rowid;

-- name: m2_versions

alter table conversations add column sampling text not null default '{}';  -- JSON object: what its prompts ask

create table choices (
    conversation text not null references conversations(id),
    turn text not null references turns(id),
    reply text not null references replies(id),  -- the one shown there; without a row: the newest
    primary key (conversation, turn)
) without rowid;

-- A turn deleted from one conversation is still in the others that have it. turns.deleted_at: from all of them.
create table dropped (
    conversation text not null references conversations(id),
    turn text not null references turns(id),
    at real not null,
    primary key (conversation, turn)
) without rowid;

-- name: m3_search

-- What the full-text index knows: the text of turn `thing` (its prompt) or of reply `thing`.
create table search_docs (
    id integer primary key,         -- the row in the index; the newer the higher
    thing text not null unique,
    turn text not null references turns(id)
);

create table search_todo (
    thing text primary key not null -- a turn or a reply that is not in the index yet, or no longer as it is
) without rowid;

-- What was there before the index: rows of turns and replies up to these are still to be taken in.
create table search_backfill (
    turns integer not null,
    replies integer not null
);
insert into search_backfill select
    (select coalesce(max(rowid), 0) from turns), (select coalesce(max(rowid), 0) from replies);

-- name: search_index
create virtual table search_words using fts5(words, parts, content='', columnsize=0, prefix='2 3', tokenize='ascii');

-- name: m4_rungs

-- What was learned about single rungs; learned.refused is not used any more.
create table rungs (
    base_url text not null,
    model text not null,
    rung text not null,
    refused integer not null,
    misses integer not null,        -- in a row
    at real not null,               -- since when it is so
    primary key (base_url, model, rung)
) without rowid;

insert into rungs (base_url, model, rung, refused, misses, at)
select learned.base_url, learned.model, j.value, 1, 0, learned.updated from learned, json_each(learned.refused) j;

alter table learned add column no_thinking integer not null default 0;

-- name: m5_streams

-- Servers that keep the streams of their answers, so that a cut one can be replayed; one that does not is asked again.
create table keepers (
    base_url text primary key not null,
    at real not null                -- when it said so
) without rowid;

-- name: m6_titles_and_beginnings

-- As before, and the titles that were given: `turn` is null where `thing` is a conversation.
drop table search_docs;
create table search_docs (
    id integer primary key,
    thing text not null unique,
    turn text references turns(id)
);

-- name: search_index_2
create virtual table search_words
using fts5(words, parts, content='', columnsize=0, prefix='2 3 4 5', tokenize='ascii');

-- name: m7_phases

-- Seconds that an attempt's connection took; null: it stood already, there was no such step, or it is not known. They
-- come before the request is sent, from where ttfb and first_text count.
alter table attempts add column dns real;
alter table attempts add column tcp real;
alter table attempts add column tls real;

-- name: m8_vocabulary_and_sums

-- Words that the index knows, so that a piece out of the middle of one finds it; `id` is its row in search_inner. What
-- is known early is what is said often.
create table search_vocabulary (
    id integer primary key,
    word text not null unique
);

-- The words of the index after this one are still to be taken into the vocabulary; without a row: none.
create table search_vocabulary_backfill (after text not null);
insert into search_vocabulary_backfill select '' where exists (select 1 from search_docs);

-- What proves that a long text is whole: the CRC-32 of each 4096 code points of it, 32-bit little-endian. Its row goes
-- on over pages of which SQLite knows no more than which is the next.
create table sums (
    thing text primary key not null,
    parts blob not null
) without rowid;

-- Rows of turns and replies up to these have no sums yet.
create table sums_backfill (
    turns integer not null,
    replies integer not null
);
insert into sums_backfill select
    (select coalesce(max(rowid), 0) from turns), (select coalesce(max(rowid), 0) from replies);

-- name: search_inner
create virtual table search_inner using fts5(grams, content='', columnsize=0, detail=none, tokenize='ascii');

-- name: m9_running_sums

-- What proves a delta to be the next one: the CRC-32 of the whole reply up to its end, as UTF-8. Null: from before.
alter table deltas add column sum integer;
