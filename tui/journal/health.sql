-- What an examination asks.

-- name: open_replies
select r.id, p.id, p.pid, p.machine, p.born, case when p.closed is null then p.heartbeat else 0 end
from replies r left join processes p on p.id = r.owner
where r.state = 'streaming'

-- name: release
update replies set owner = null where id = :reply

-- name: to_index
insert or ignore into search_todo (thing) values (:reply)

-- name: count_conversations
select count(*) from conversations where deleted_at is null
