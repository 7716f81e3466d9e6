-- What an examination asks.

-- A process that ended in order has said so, and with it given back what it had not ended: it is nobody's.
-- name: open_replies
select r.id, case when p.closed is null then p.id end, p.pid, p.machine, p.born, p.heartbeat
from replies r left join processes p on p.id = r.owner
where r.state = 'streaming'

-- name: release
update replies set owner = null where id = :reply

-- name: to_index
insert or ignore into search_todo (thing) values (:reply)

-- name: count_conversations
select count(*) from conversations where deleted_at is null

-- What a rescued journal lacks is made up for where something else needs it, so that nothing that was read is lost.
-- name: mends
insert into conversations (id, provider, model, created, updated, system)
select 'rescued', '', '', min(started), max(started), '' from replies where turn not in (select id from turns)
having count(*) > 0;
insert into turns (id, conversation, position, created, prompt)
select turn, 'rescued', row_number() over (order by min(started)) - 1, min(started), '' from replies
where turn not in (select id from turns) group by turn;
insert into conversations (id, provider, model, created, updated, system)
select conversation, '', '', min(created), max(created), '' from turns
where conversation not in (select id from conversations) group by conversation;
update conversations set branched_from = null, branched_at = null
where branched_from is not null and branched_from not in (select id from conversations);
update replies set owner = null where owner is not null and owner not in (select id from processes);
delete from deltas where reply not in (select id from replies);
delete from reasoning where reply not in (select id from replies);
delete from attempts where reply not in (select id from replies);
delete from seams where reply not in (select id from replies);
delete from usage where reply not in (select id from replies);
delete from choices where turn not in (select id from turns) or reply not in (select id from replies)
    or conversation not in (select id from conversations);
delete from dropped where turn not in (select id from turns) or conversation not in (select id from conversations);
