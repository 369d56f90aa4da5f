-- prepared as list_folders_with_sums

with recursive run as materialized (
  select run_ref from runs where org_key = $1 and workflow_id = $2 and run_id = $3
), creators as materialized (
  select distinct created_by from run_sums
  where run_ref = (select run_ref from run) and file_count > 0
), entries (place, folder, path, hash, created_by, last_of) as (
  select
    0, null::text collate "C", $4::text collate "C", $5::bigint, $6::uuid,
    (select created_by from creators limit 1)
  union all
  select
    entries.place + 1, entry.folder,
    case when entry.folder is null then next.path else left(entry.folder, -1) || '0' end collate "C",
    case when entry.folder is null then next.hash else $7::bigint end,
    case when entry.folder is null then next.created_by end,
    next.created_by
  from entries left join lateral (
    select objects.path, hashtextextended(objects.object_key, 0) as hash, objects.created_by
    from objects
    where objects.run_ref = (select run_ref from run) and objects.created_by = "entries"."last_of"
      and (objects.path, hashtextextended(objects.object_key, 0)) >= (entries.path, entries.hash)
      and (objects.path, hashtextextended(objects.object_key, 0)) <= ($8::text, $9::bigint)
      and (objects.path = entries.path and hashtextextended(objects.object_key, 0) = entries.hash
        and objects.created_by <= entries.created_by) is not true
    order by objects.path, hashtextextended(objects.object_key, 0)
    limit 1
  ) as guess on true cross join lateral (
    select
      coalesce(folder, guess.path, $10::text) as path,
      case when folder is null then coalesce(guess.hash, $11::bigint) else $12::bigint end as hash
    from (select case when strpos(substr("guess"."path", char_length($13::text) + 1), '/') > 0 then $14::text || left(substr("guess"."path", char_length($15::text) + 1), strpos(substr("guess"."path", char_length($16::text) + 1), '/')) end collate "C" as folder) as listed
    offset 0 -- once, not for each creator
  ) as bound cross join lateral (
    select path, hash, created_by from (
      select guess.path, guess.hash, guess.created_by where guess.path is not null
      union all
      select own.path, own.hash, own.created_by
      from creators cross join lateral (
        select objects.path, hashtextextended(objects.object_key, 0) as hash, objects.created_by
    from objects
    where objects.run_ref = (select run_ref from run) and objects.created_by = "creators"."created_by"
      and (objects.path, hashtextextended(objects.object_key, 0)) >= (entries.path, entries.hash)
      and (objects.path, hashtextextended(objects.object_key, 0)) <= (bound.path, bound.hash)
      and (objects.path = entries.path and hashtextextended(objects.object_key, 0) = entries.hash
        and objects.created_by <= entries.created_by) is not true
    order by objects.path, hashtextextended(objects.object_key, 0)
    limit 1
      ) as own
      where creators.created_by <> entries.last_of
    ) as found
    order by path, hash, created_by
    limit 1
  ) as next cross join lateral (
    select case when strpos(substr("next"."path", char_length($17::text) + 1), '/') > 0 then $18::text || left(substr("next"."path", char_length($19::text) + 1), strpos(substr("next"."path", char_length($20::text) + 1), '/')) end collate "C" as folder
  ) as entry
  where entries.place <= $21
)
select
  entries.place, entries.folder, entries.path, entries.hash::text, entries.created_by,
  below_bytes, below_count,
  objects.object_key, objects.size_bytes, floor(extract(epoch from "objects"."event_time") * 1000)::bigint as event_time_ms
from entries
left join lateral (
  select sum(objects.size_bytes)::text as below_bytes, count(*)::text as below_count
  from creators join objects on objects.created_by = creators.created_by
  where objects.run_ref = (select run_ref from run)
    and objects.path >= entries.folder and objects.path < entries.path
) as below on entries.folder is not null and entries.place <= $22
left join objects on entries.folder is null and objects.run_ref = (select run_ref from run)
  and objects.created_by = entries.created_by and objects.path = entries.path
  and hashtextextended(objects.object_key, 0) = entries.hash
where entries.place > 0
order by entries.place, objects.object_key
