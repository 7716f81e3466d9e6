-- What a window that follows other windows asks, up to ten times a second.

-- name: open_replies
select r.id, r.turn, t.conversation, r.state, r.started, r.provider, r.model,
    coalesce((select max(d.seq) from deltas d where d.reply = r.id), r.through) + 1 as next_seq,
    p.id as owner_id, p.pid, p.machine, p.born, p.heartbeat, p.closed
from replies r join turns t on t.id = r.turn join conversations c on c.id = t.conversation
    left join processes p on p.id = r.owner
where r.owner is not null and r.state = 'streaming' and t.deleted_at is null
    and (c.deleted_at is null or c.id = :even)
    and not exists (select 1 from dropped x where x.conversation = t.conversation and x.turn = t.id)
order by r.started desc, r.id desc

-- name: shape
select c.updated, (select count(*) from turns t where t.conversation = c.id and t.deleted_at is null) as turns,
    (select count(*) from dropped x where x.conversation = c.id) as dropped, c.deleted_at is not null as deleted
from conversations c where c.id = :conversation

-- name: dropped
select turn from dropped where conversation = :conversation

-- name: marks
with recursive line(conversation, upto) as (
    select :conversation, 9223372036854775807
    union
    select c.branched_from, min(line.upto, c.branched_at)
    from line join conversations c on c.id = line.conversation
    where c.branched_from is not null
)
select t.id, r.id as reply, r.state, r.owner, r.ended, r.note, r.id = h.reply as chosen
from line join turns t on t.conversation = line.conversation and t.position < line.upto
    left join replies r on r.turn = t.id
    left join choices h on h.conversation = :conversation and h.turn = t.id
where t.deleted_at is null
    and not exists (select 1 from dropped x where x.conversation = :conversation and x.turn = t.id)
order by t.position, t.id, r.position, r.id

-- name: named_turns
select t.id, t.conversation, t.position, t.created, t.prompt, h.reply as chosen
from json_each(:names) j join turns t on t.id = j.value
    left join choices h on h.conversation = :conversation and h.turn = t.id
order by j.key

-- name: new_deltas
select d.seq, d.text, d.at, d."offset", a.replay_id
from deltas d left join attempts a on a.reply = d.reply and a.number = d.attempt
where d.reply = :reply and d.seq >= :next order by d.seq

-- name: newest_attempt
select * from attempts where reply = :reply order by number desc limit 1

-- name: reasoning_of
select text from reasoning where reply = :reply order by seq

-- name: unsent
select t.id from turns t
where t.conversation = :conversation and t.deleted_at is null
    and not exists (select 1 from replies r where r.turn = t.id)
    and not exists (select 1 from dropped x where x.conversation = :conversation and x.turn = t.id)
order by t.position, t.id
