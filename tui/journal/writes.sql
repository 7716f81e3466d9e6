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
insert into conversations
    (id, title, system, provider, model, branched_from, branched_at, created, updated, sampling)
values
    (:id, :title, :system, :provider, :model, :branched_from, :branched_at, :created, :created, :sampling)

-- A branch keeps what it began with, whatever the other conversation chooses or deletes later.
-- name: inherit_choices
insert into choices (conversation, turn, reply)
with recursive line(conversation, upto) as (
    select :branched_from, :branched_at
    union
    select c.branched_from, min(line.upto, c.branched_at)
    from line join conversations c on c.id = line.conversation
    where c.branched_from is not null
), chosen(turn, reply) as (
    select t.id, coalesce(
        (select h.reply from choices h where h.conversation = :branched_from and h.turn = t.id),
        (select r.id from replies r where r.turn = t.id order by r.position desc, r.id desc limit 1))
    from line join turns t on t.conversation = line.conversation and t.position < line.upto
    where t.deleted_at is null
)
select :id, turn, reply from chosen where reply is not null

-- name: inherit_deletions
insert into dropped (conversation, turn, at)
select :id, turn, at from dropped where conversation = :branched_from

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

-- name: set_system
update conversations set system = :system where id = :id

-- name: set_sampling
update conversations set sampling = :sampling where id = :id

-- name: delete_turn
insert into dropped (conversation, turn, at) values (:conversation, :turn, :at)
on conflict (conversation, turn) do update set at = excluded.at

-- name: restore_turn
delete from dropped where conversation = :conversation and turn = :turn

-- name: choose_reply
insert into choices (conversation, turn, reply) values (:conversation, :turn, :reply)
on conflict (conversation, turn) do update set reply = excluded.reply

-- name: keep_choice
insert or ignore into choices (conversation, turn, reply)
select :conversation, :turn, id from replies where turn = :turn order by position desc, id desc limit 1

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
insert into deltas (reply, seq, attempt, text, "offset", at, sum)
values (:reply, :seq, (select max(number) from attempts where reply = :reply), :text, :offset, :at, :sum)

-- name: append_reasoning
insert into reasoning (reply, seq, text, at)
values (:reply, (select coalesce(max(seq), -1) + 1 from reasoning where reply = :reply), :text, :at)

-- name: drop_reasoning
delete from reasoning where reply = :reply

-- name: begin_attempt
insert into attempts (reply, number, connection_id, provider, model, rung, replay_id, started)
values (:reply, :number, :connection_id, :provider, :model, :rung, :replay_id, :started)

-- name: end_attempt
update attempts set ended = :ended, ttfb = :ttfb, first_text = :first_text, dns = :dns, tcp = :tcp, tls = :tls, fault_kind = :fault_kind,
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

-- name: cut_reply
update replies set note = :note where id = :reply and state = 'streaming'

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

-- name: drop_all_deltas
delete from deltas where reply = :reply

-- name: drop_behind
delete from deltas where reply = :reply and seq > :through

-- It is no longer whole, whatever its end said.
-- name: mark_damaged
update replies set note = 'damaged', state = case state when 'done' then 'stopped' else state end, finish_reason = null
where id = :reply

-- name: sum_so_far
select seq, sum from deltas where reply = :reply order by seq desc limit 1

-- Where nobody else has taken on what a rescue left.
-- name: put_back
update replies set state = 'streaming', owner = :owner, note = '', text = :text, through = :through
where id = :reply and (owner = :owner or (owner is null and (state = 'streaming' or note = 'damaged')))

-- name: put_back_delta
insert into deltas (reply, seq, text, "offset", at, sum) values (:reply, :seq, :text, 0, :at, :sum)

-- name: reasoning
select text, at from reasoning where reply = :reply order by seq

-- name: compact_reasoning
insert into reasoning (reply, seq, text, at) values (:reply, 0, :text, :at)

-- name: learn_keeper
insert into keepers (base_url, at) values (:base_url, :at)
on conflict (base_url) do update set at = excluded.at

-- name: forget_keepers
delete from keepers where base_url = :base_url or at <= :stale

-- name: learn
insert into learned (base_url, model, refused, bare_end, no_thinking, updated)
values (:base_url, :model, '[]', :bare_end, :no_thinking, :at)
on conflict (base_url, model) do update set bare_end = excluded.bare_end, no_thinking = excluded.no_thinking,
    updated = excluded.updated

-- name: to_index
insert or ignore into search_todo (thing) values (:thing)

-- name: forget_rungs
delete from rungs
where base_url = :base_url and model = :model
    and (at <= :stale or rung not in (select json_extract(j.value, '$.rung') from json_each(:rungs) j))

-- name: learn_rungs
insert into rungs (base_url, model, rung, refused, misses, at)
select :base_url, :model, json_extract(j.value, '$.rung'), json_extract(j.value, '$.refused'),
    json_extract(j.value, '$.misses'), :at
from json_each(:rungs) j where true
on conflict (base_url, model, rung) do update set refused = excluded.refused, misses = excluded.misses,
    at = case when rungs.refused = excluded.refused and rungs.misses = excluded.misses then rungs.at else excluded.at end
