-- What each record does, and the writer's own book-keeping.

-- name: sign_of_life
insert into processes (id, pid, machine, born, heartbeat, saved) values (:id, :pid, :machine, :born, :now, :saved)
on conflict (id) do update set heartbeat = excluded.heartbeat, saved = excluded.saved, closed = null

-- name: saved
select saved from processes where id = :id

-- name: close_process
update processes set closed = :now where id = :id

-- name: forget_processes
delete from processes
where id <> :id and heartbeat < :before and id not in (select owner from replies where owner is not null)

-- name: new_conversation
insert into conversations (id, title, system, provider, model, branched_from, branched_at, created, updated)
values (:id, :title, :system, :provider, :model, :branched_from, :branched_at, :created, :created)

-- name: rename_conversation
update conversations set title = :title where id = :id

-- name: delete_conversation
update conversations set deleted_at = :at where id = :id

-- name: new_turn
insert into turns (id, conversation, position, prompt, created)
values (:id, :conversation,
    max(:position, coalesce((select max(position) + 1 from turns
        where conversation = :conversation and deleted_at is null), 0)),
    :prompt, :created)

-- name: touch_conversation
update conversations set updated = max(updated, :at) where id = :id

-- name: delete_turn
update turns set deleted_at = :at where id = :id

-- name: begin_reply
insert into replies (id, turn, position, provider, base_url, model, parameters, state, owner, started)
values (:id, :turn, :position, :provider, :base_url, :model, :parameters, 'streaming', :owner, :started)

-- name: use_model
update conversations set provider = :provider, model = :model, updated = max(updated, :at)
where id = (select t.conversation from turns t join replies r on r.turn = t.id where r.id = :reply)

-- name: resume_reply
update replies set state = 'streaming', owner = :owner, provider = :provider, base_url = :base_url, model = :model,
    ended = null, finish_reason = null, note = '',
    fault_kind = null, fault_permanent = null, fault_detail = null, fault_status = null, fault_wait = null
where id = :id

-- name: append_delta
insert into deltas (reply, seq, attempt, text, "offset", at)
values (:reply, :seq, (select max(number) from attempts where reply = :reply), :text, :offset, :at)

-- name: append_reasoning
insert into reasoning (reply, seq, text, at)
values (:reply, (select coalesce(max(seq), -1) + 1 from reasoning where reply = :reply), :text, :at)

-- name: drop_reasoning
delete from reasoning where reply = :reply

-- name: begin_attempt
insert into attempts (reply, number, connection_id, provider, model, rung, replay_id, started)
values (:reply, :number, :connection_id, :provider, :model, :rung, :replay_id, :started)

-- name: end_attempt
update attempts set ended = :ended, ttfb = :ttfb, first_text = :first_text, fault_kind = :fault_kind,
    fault_permanent = :fault_permanent, fault_detail = :fault_detail, fault_status = :fault_status,
    fault_wait = :fault_wait
where reply = :reply and number = :number

-- name: add_seam
insert into seams (reply, number, at, how, verified, gap, paid_twice, model_before, model_after)
values (:reply, (select count(*) from seams where reply = :reply), :at, :how, :verified, :gap, :paid_twice,
    :model_before, :model_after)

-- name: set_usage
insert into usage (reply, prompt, completion, exact, cost_usd, at_least)
values (:reply, :prompt, :completion, :exact, :cost_usd, :at_least)
on conflict (reply) do update set prompt = excluded.prompt, completion = excluded.completion, exact = excluded.exact,
    cost_usd = excluded.cost_usd, at_least = excluded.at_least

-- name: end_reply
update replies set state = :state, owner = null, ended = :ended, finish_reason = :finish_reason, note = :note,
    verified = :verified,
    first_text_after = coalesce(first_text_after, :first_text_after,
        (select at from deltas where reply = :reply order by seq limit 1) - started),
    fault_kind = :fault_kind, fault_permanent = :fault_permanent, fault_detail = :fault_detail,
    fault_status = :fault_status, fault_wait = :fault_wait
where id = :reply

-- name: whole
select text, through, boundaries, replay_id, replay_offset from replies where id = :reply

-- name: deltas
select d.seq, d.text, d."offset", a.replay_id
from deltas d left join attempts a on a.reply = d.reply and a.number = d.attempt
where d.reply = :reply and d.seq > :through order by d.seq

-- name: compact_text
update replies set text = :text, through = :through, boundaries = :boundaries, replay_id = :replay_id,
    replay_offset = :replay_offset
where id = :reply

-- name: drop_deltas
delete from deltas where reply = :reply and seq <= :through

-- name: reasoning
select text, at from reasoning where reply = :reply order by seq

-- name: compact_reasoning
insert into reasoning (reply, seq, text, at) values (:reply, 0, :text, :at)

-- name: learn
insert into learned (base_url, model, refused, bare_end, updated)
values (:base_url, :model, :refused, :bare_end, :at)
on conflict (base_url, model) do update set refused = excluded.refused, bare_end = excluded.bare_end,
    updated = excluded.updated
