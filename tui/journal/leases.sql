-- Whose a reply is; asked inside the writer's transaction.

-- name: owner
select owner from replies where id = :reply

-- name: answered
select exists (select 1 from replies where turn = :turn and id != :reply)

-- name: standing
-- whole: nobody goes on with it; what ended at its limit of tokens is not.
select r.state = 'done' and coalesce(r.finish_reason, '') not in ('length', 'model_length') as whole,
    r.owner, p.pid, p.machine, p.born, p.heartbeat, p.closed
from replies r left join processes p on p.id = r.owner
where r.id = :reply
