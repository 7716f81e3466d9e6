-- A conversation deleted at 0 was never here.
-- name: conversation
update conversations set deleted_at = null where id = :conversation and deleted_at > 0

-- name: turn
delete from dropped where conversation = :conversation and turn = :turn

-- name: turn_of
select turn from replies where id = :reply

-- name: turn_of_text
select turn from replies r
where id = :reply and (text <> '' or exists (select 1 from deltas d where d.reply = r.id))
