-- What is read. A branch's line is its own turns and, at lower positions, those of the conversation that it came from,
-- and so on; `union` ends even a circle, which only a damaged file could hold.

-- name: recent
select id from conversations
where deleted_at is null and (updated, id) < (:updated, :id)
order by updated desc, id desc limit :limit

-- name: with_prefix
select id from conversations
where id >= :low and id < :high and case when deleted_at is null then :kept else :deleted and deleted_at > 0 end
order by id limit :limit

-- A conversation deleted at 0 was never here: an imported branch came from it.
-- name: deleted
select id from conversations where deleted_at > 0 order by deleted_at desc, id desc limit :limit

-- name: neighbours
select (select max(id) from conversations where id < :id) as before,
    (select min(id) from conversations where id > :id) as after

-- name: conversations
select c.id, c.title, c.provider, c.model, c.created, c.updated, c.branched_from, c.branched_at, c.system,
    c.sampling, c.deleted_at,
    (select count(*) from turns t where t.conversation = c.id and t.deleted_at is null)
        - (select count(*) from dropped d where d.conversation = c.id) as turns,
    (select substr(t.prompt, 1, 1000) from turns t where t.conversation = c.id and t.deleted_at is null
        and not exists (select 1 from dropped d where d.conversation = c.id and d.turn = t.id)
        order by t.position, t.id limit 1) as opening
from json_each(:names) j join conversations c on c.id = j.value
where (c.deleted_at is not null) = :deleted
order by j.key

-- name: opening_of_branch
with recursive line(conversation, upto) as (
    select :conversation, 9223372036854775807
    union
    select c.branched_from, min(line.upto, c.branched_at)
    from line join conversations c on c.id = line.conversation
    where c.branched_from is not null
)
select count(*) over () as turns, substr(t.prompt, 1, 1000) as opening
from line join turns t on t.conversation = line.conversation and t.position < line.upto
where t.deleted_at is null
    and not exists (select 1 from dropped d where d.conversation = :conversation and d.turn = t.id)
order by t.position, t.id limit 1

-- name: turns
with recursive line(conversation, upto) as (
    select :conversation, 9223372036854775807
    union
    select c.branched_from, min(line.upto, c.branched_at)
    from line join conversations c on c.id = line.conversation
    where c.branched_from is not null
)
select t.id, t.conversation, t.position, t.created, t.prompt, h.reply as chosen
from line join turns t on t.conversation = line.conversation and t.position < line.upto
    left join choices h on h.conversation = :conversation and h.turn = t.id
where t.deleted_at is null
    and not exists (select 1 from dropped d where d.conversation = :conversation and d.turn = t.id)
order by t.position, t.id

-- name: turns_with_deleted
with recursive line(conversation, upto) as (
    select :conversation, 9223372036854775807
    union
    select c.branched_from, min(line.upto, c.branched_at)
    from line join conversations c on c.id = line.conversation
    where c.branched_from is not null
)
select t.id, t.conversation, t.position, t.created, t.prompt, h.reply as chosen,
    coalesce(t.deleted_at, d.at) as deleted
from line join turns t on t.conversation = line.conversation and t.position < line.upto
    left join choices h on h.conversation = :conversation and h.turn = t.id
    left join dropped d on d.conversation = :conversation and d.turn = t.id
order by t.position, t.id

-- name: replies_of_turns
select r.id from json_each(:names) j join replies r on r.turn = j.value order by j.key, r.position, r.id

-- name: replies
select r.*,
    coalesce(r.first_text_after, (select d.at from deltas d where d.reply = r.id order by d.seq limit 1) - r.started)
        as first_text,
    (select d.at from deltas d where d.reply = r.id order by d.seq desc limit 1) as last_text,
    exists (select 1 from deltas d where d.reply = r.id) as growing,
    p.id as owner_id, p.pid, p.machine, p.born, p.heartbeat, p.closed,
    u.prompt, u.completion, u.exact, u.cost_usd, u.at_least
from json_each(:names) j join replies r on r.id = j.value
    left join processes p on p.id = r.owner left join usage u on u.reply = r.id
order by j.key

-- name: attempts
select a.* from json_each(:names) j join attempts a on a.reply = j.value order by j.key, a.number

-- name: seams
select s.* from json_each(:names) j join seams s on s.reply = j.value order by j.key, s.number

-- name: reasoning
select g.reply, g.text from json_each(:names) j join reasoning g on g.reply = j.value order by j.key, g.seq

-- name: keeps_streams
select 1 from keepers where base_url = :base_url and at > :stale

-- name: learned
select bare_end, no_thinking, (
    select json_group_array(json_object('rung', r.rung, 'refused', r.refused, 'misses', r.misses))
    from rungs r where r.base_url = learned.base_url and r.model = learned.model and r.at > :stale
) as rungs
from learned where base_url = :base_url and model = :model
