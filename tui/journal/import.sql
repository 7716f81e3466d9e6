-- What is imported is first written into a journal of its own, `staged`, then taken over in one transaction.

-- name: real
delete from conversations where id = :id and model = '' and deleted_at = 0

-- name: conversation
insert or ignore into conversations
    (id, title, system, provider, model, branched_from, branched_at, created, updated, sampling, deleted_at)
values
    (:id, :title, :system, :provider, :model, :branched_from, :branched_at, :created, :updated, :sampling, :deleted)

-- name: dropped
insert or replace into dropped (conversation, turn, at) values (:conversation, :turn, :at)

-- name: turn
insert or ignore into turns (id, conversation, position, created, prompt)
values (:id, :conversation, :position, :created, :prompt)

-- name: choice
insert or replace into choices (conversation, turn, reply) values (:conversation, :turn, :reply)

-- name: reply
insert or ignore into replies
    (id, turn, position, provider, base_url, model, parameters, state, started, ended, first_text_after, finish_reason,
    fault_kind, fault_permanent, fault_detail, fault_status, fault_wait, note, verified, boundaries, text)
values
    (:id, :turn, :position, :provider, :base_url, :model, :parameters, :state, :started, :ended, :first_text_after,
    :finish_reason, :fault_kind, :fault_permanent, :fault_detail, :fault_status, :fault_wait, :note, :verified,
    :boundaries, :text)

-- name: reasoning
insert or ignore into reasoning (reply, seq, text, at) values (:reply, 0, :text, :at)

-- name: attempt
insert or ignore into attempts
    (reply, number, connection_id, provider, model, rung, replay_id, started, ended, ttfb, first_text,
    dns, tcp, tls, fault_kind, fault_permanent, fault_detail, fault_status, fault_wait)
values
    (:reply, :number, :connection_id, :provider, :model, :rung, :replay_id, :started, :ended, :ttfb, :first_text,
    :dns, :tcp, :tls, :fault_kind, :fault_permanent, :fault_detail, :fault_status, :fault_wait)

-- name: seam
insert or ignore into seams (reply, number, at, how, verified, gap, paid_twice, model_before, model_after)
values (:reply, :number, :at, :how, :verified, :gap, :paid_twice, :model_before, :model_after)

-- name: usage
insert or ignore into usage (reply, prompt, completion, exact, cost_usd, at_least)
values (:reply, :prompt, :completion, :exact, :cost_usd, :at_least)

-- A branch may come without the conversation that its first turns are from: that one is then there, deleted, so that
-- it holds them. `created` and `deleted_at` are the same and it has no model: so it is known from a real one.
-- name: stub
insert or ignore into conversations (id, provider, model, branched_from, branched_at, created, updated, deleted_at, system)
values (:id, '', '', :branched_from, :branched_at, 0, 0, 0, '')

-- name: strays
select id from turns where conversation not in (select id from conversations) limit 1

-- name: fresh_replies
create temp table fresh_replies as
select id from staged.replies where id not in (select id from main.replies)

-- name: fresh_turns
create temp table fresh_turns as
select id from staged.turns where id not in (select id from main.turns)

-- name: fresh_conversations
create temp table fresh_conversations as
select s.id from staged.conversations s left join main.conversations c on c.id = s.id
where s.deleted_at is null and (c.id is null or c.deleted_at is not null)
    or s.deleted_at > 0 and (c.id is null or c.deleted_at = 0)

-- name: merge_conversations
insert into main.conversations
    (id, title, provider, model, branched_from, branched_at, created, updated, deleted_at, system, sampling)
select id, title, provider, model, branched_from, branched_at, created, updated, deleted_at, system, sampling
from staged.conversations where true
order by created, id
on conflict (id) do update set
    title = case when model = '' and deleted_at = 0 then excluded.title else title end,
    provider = case when model = '' and deleted_at = 0 then excluded.provider else provider end,
    branched_from = case when model = '' and deleted_at = 0 then excluded.branched_from else branched_from end,
    branched_at = case when model = '' and deleted_at = 0 then excluded.branched_at else branched_at end,
    created = case when model = '' and deleted_at = 0 then excluded.created else created end,
    system = case when model = '' and deleted_at = 0 then excluded.system else system end,
    sampling = case when model = '' and deleted_at = 0 then excluded.sampling else sampling end,
    model = case when model = '' and deleted_at = 0 then excluded.model else model end,
    updated = max(updated, excluded.updated),
    deleted_at = excluded.deleted_at
where excluded.deleted_at is null or excluded.deleted_at > 0 and deleted_at = 0

-- name: merge_turns
insert or ignore into main.turns (id, conversation, position, created, prompt)
select id, conversation, position, created, prompt from staged.turns

-- name: merge_replies
insert into main.replies
    (id, turn, position, provider, base_url, model, parameters, state, started, ended, first_text_after, finish_reason,
    fault_kind, fault_permanent, fault_detail, fault_status, fault_wait, note, verified, boundaries, text)
select id, turn, position, provider, base_url, model, parameters, state, started, ended, first_text_after,
    finish_reason, fault_kind, fault_permanent, fault_detail, fault_status, fault_wait, note, verified, boundaries, text
from staged.replies where id in (select id from fresh_replies)

-- name: merge_reasoning
insert into main.reasoning (reply, seq, text, at)
select reply, seq, text, at from staged.reasoning where reply in (select id from fresh_replies)

-- name: merge_attempts
insert into main.attempts
    (reply, number, connection_id, provider, model, rung, replay_id, started, ended, ttfb, first_text,
    dns, tcp, tls, fault_kind, fault_permanent, fault_detail, fault_status, fault_wait)
select reply, number, connection_id, provider, model, rung, replay_id, started, ended, ttfb, first_text,
    dns, tcp, tls, fault_kind, fault_permanent, fault_detail, fault_status, fault_wait
from staged.attempts where reply in (select id from fresh_replies)

-- name: merge_seams
insert into main.seams (reply, number, at, how, verified, gap, paid_twice, model_before, model_after)
select reply, number, at, how, verified, gap, paid_twice, model_before, model_after
from staged.seams where reply in (select id from fresh_replies)

-- name: merge_usage
insert into main.usage (reply, prompt, completion, exact, cost_usd, at_least)
select reply, prompt, completion, exact, cost_usd, at_least
from staged.usage where reply in (select id from fresh_replies)

-- name: merge_choices
insert or ignore into main.choices (conversation, turn, reply)
select c.conversation, c.turn, c.reply
from staged.choices c join main.replies r on r.id = c.reply and r.turn = c.turn

-- What is there already stays as it is: it is not deleted by what comes.
-- name: merge_dropped
insert or ignore into main.dropped (conversation, turn, at)
select conversation, turn, at from staged.dropped
where conversation in (select id from fresh_conversations) or turn in (select id from fresh_turns)

-- name: to_index
insert or ignore into main.search_todo (thing)
select id from fresh_turns union all select id from fresh_replies
union all
select id from main.conversations where title is not null and id in (select id from fresh_conversations)

-- name: left_to_index
select (select count(*) from search_todo) + turns + replies from search_backfill
