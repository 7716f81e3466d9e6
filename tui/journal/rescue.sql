-- What was read row by row is brought into a state that the journal could have been in: no text has a hole.

-- name: settles
-- A reply that is whole holds all its deltas, and one piece of reasoning: others are from pages that were free.
delete from deltas
where seq <= (select max(r.through, case when r.state = 'streaming' then -1 else 1 << 60 end) from replies r where r.id = reply);
delete from reasoning where seq > 0 and reply in (select id from replies where state <> 'streaming');
-- Deltas whose reply is lost are the beginning of one, if the first of them is there.
insert into replies (id, turn, position, provider, base_url, model, parameters, state, started, note)
select reply, reply, 0, '', '', '', '{}', 'stopped', min(at), 'damaged' from deltas
where reply not in (select id from replies) group by reply having min(seq) = 0;
-- Behind a text that breaks off, or a delta that is lost, nothing more is in its place.
delete from deltas where reply in (select value from json_each(:cut));
delete from reasoning where (reply, seq) in (
    select g.reply, g.seq
    from (select reply, seq, row_number() over (partition by reply order by seq) - 1 as place from reasoning) g
    where g.seq <> g.place
);
update replies set state = 'stopped', note = 'damaged', owner = null, boundaries = x'', replay_id = null,
    replay_offset = 0, finish_reason = null
where id in (select value from json_each(:cut));

-- name: growing
select distinct d.reply, r.text, r.through from deltas d join replies r on r.id = d.reply

-- name: deltas_of
select seq, text, sum from deltas where reply = :reply order by seq

-- name: end_before
delete from deltas where reply = :reply and seq >= :seq

-- name: damage
update replies set note = 'damaged' where id = :reply

-- name: damaged
select id from replies where note = 'damaged'

-- name: sums
select parts, exists (select 1 from search_todo t where t.thing = s.thing) as older from sums s where thing = :thing

-- Whoever is named was there.
-- name: named_conversations
select conversation from turns union select conversation from choices union select conversation from dropped
union select branched_from from conversations where branched_from is not null

-- name: named_others
select turn from replies union select turn from choices union select reply from choices union select turn from dropped
union select reply from usage union select reply from attempts union select reply from seams
union select reply from reasoning
