-- The index: filled in steps, and asked.

-- name: has_index
select count(*) from sqlite_master where name = 'search_words'

-- name: todo
select s.thing, t.id as turn, t.prompt as text, 0 as reply
from search_todo s join turns t on t.id = s.thing
union all
select s.thing, r.turn, r.text, 1
from search_todo s join replies r on r.id = s.thing
union all
select s.thing, null, coalesce(c.title, ''), 0
from search_todo s join conversations c on c.id = s.thing
limit :limit

-- name: strays
delete from search_todo
where thing not in (select id from turns) and thing not in (select id from replies)
    and thing not in (select id from conversations)

-- name: done
delete from search_todo where thing = :thing

-- name: left
select turns, replies from search_backfill

-- name: left_now
update search_backfill set turns = :turns, replies = :replies

-- name: older_turns
select rowid, id as thing, id as turn, prompt as text, 0 as reply from turns
where rowid <= :upto order by rowid desc limit :limit

-- name: older_replies
select rowid, id as thing, turn, text, 1 as reply from replies
where rowid <= :upto order by rowid desc limit :limit

-- name: ends
select coalesce(min(id), :middle) as first, coalesce(max(id), :middle) as last from search_docs

-- name: known
select 1 from search_docs where thing = :thing

-- name: forget
delete from search_docs where thing = :thing

-- name: add_doc
insert into search_docs (id, thing, turn) values (:id, :thing, :turn)

-- name: add_words
insert into search_words (rowid, words, parts) values (:id, :words, :parts)

-- name: behind
select (select count(*) from (select 1 from search_todo limit 1)) + b.turns + b.replies + s.turns + s.replies
    + (select count(*) from search_vocabulary_backfill)
from search_backfill b, sums_backfill s

-- name: start_again
update search_backfill set
    turns = (select coalesce(max(rowid), 0) from turns), replies = (select coalesce(max(rowid), 0) from replies)

-- name: all_titles
insert or ignore into search_todo (thing) select id from conversations where title is not null

-- name: matching
select d.id, d.thing, d.turn from search_words w join search_docs d on d.id = w.rowid
where search_words match :match and w.rowid < :before
order by w.rowid desc limit :limit

-- name: newest
select id, thing, turn from search_docs where id < :before order by id desc limit :limit

-- name: not_yet
select thing from (select thing from search_todo order by thing desc limit :limit)
union
select id from (select id from replies where owner is not null order by owner desc limit :limit)

-- A turn of a deleted conversation, or deleted from it, may be seen in a branch.
-- name: where_seen
with found(turn, conversation, position) as (
    select id, conversation, position from turns where id = :turn and deleted_at is null
)
select conversation from (
    select f.conversation, 0 as far from found f join conversations c on c.id = f.conversation
    where c.deleted_at is null
        and not exists (select 1 from dropped d where d.conversation = c.id and d.turn = f.turn)
    union all
    select b.id, 1 from found f join conversations b on b.branched_from = f.conversation and b.branched_at > f.position
    where b.deleted_at is null
        and not exists (select 1 from dropped d where d.conversation = b.id and d.turn = f.turn)
) order by far limit 1

-- name: title_seen
select id as conversation from conversations where id = :thing and deleted_at is null

-- name: title_text
select title as text, updated as at from conversations where id = :thing and title is not null

-- name: turn_text
select id as turn, prompt as text, created as at from turns where id = :thing

-- name: reply_text
select turn, text, started as at, exists (select 1 from deltas d where d.reply = r.id) as growing
from replies r where id = :thing

-- name: has_inner
select count(*) from sqlite_master where name = 'search_inner'

-- name: unknown_words
select value as word from json_each(:words) where value not in (select word from search_vocabulary)

-- name: vocabulary_size
select coalesce(max(id), 0) from search_vocabulary

-- name: add_word
insert into search_vocabulary (id, word) values (:id, :word)

-- name: add_grams
insert into search_inner (rowid, grams) values (:id, :grams)

-- name: words_after
select after from search_vocabulary_backfill

-- name: next_words
select term from temp.search_terms where term > :after and term < :end limit :limit

-- name: words_upto
update search_vocabulary_backfill set after = :after

-- name: words_done
delete from search_vocabulary_backfill

-- name: words_beginning
select word from search_vocabulary where word >= :low and word < :high order by word limit :limit

-- name: words_with
select v.word from search_inner i join search_vocabulary v on v.id = i.rowid
where search_inner match :match order by i.rowid

-- name: put_sums
insert into sums (thing, parts) values (:thing, :parts)
on conflict (thing) do update set parts = excluded.parts where parts <> excluded.parts

-- name: drop_sums
delete from sums where thing = :thing

-- name: sums_left
select turns, replies from sums_backfill

-- name: sums_left_now
update sums_backfill set turns = :turns, replies = :replies

-- name: long_turns
select id as thing, prompt as text from turns
where rowid > :low and rowid <= :upto and length(prompt) >= :long and id not in (select thing from sums)

-- name: long_replies
select id as thing, text from replies
where rowid > :low and rowid <= :upto and length(text) >= :long and id not in (select thing from sums)

-- name: sums_again
update sums_backfill set
    turns = (select coalesce(max(rowid), 0) from turns), replies = (select coalesce(max(rowid), 0) from replies)
