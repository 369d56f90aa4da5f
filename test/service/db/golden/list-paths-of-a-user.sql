with recursive run as materialized (
  select run_ref from runs where org_key = $1 and workflow_id = $2 and run_id = $3
), creators as materialized (
  select distinct created_by from run_sums
  where run_ref = (select run_ref from run) and file_count > 0 and created_by = $4
), entries (place, folder, path, hash, created_by) as (
  select 0, null::text collate "C", $5::text collate "C", $6::bigint, $7::uuid
  union all
  select
    entries.place + 1, entry.folder,
    case when entry.folder is null then next.path else left(entry.folder, -1) || '0' end collate "C",
    case when entry.folder is null then next.hash else $8::bigint end,
    case when entry.folder is null then next.created_by end
  from entries cross join lateral (
    select own.path, own.hash, own.created_by
    from creators cross join lateral (
      select objects.path, hashtextextended(objects.object_key, 0) as hash, objects.created_by
      from objects
      where objects.run_ref = (select run_ref from run) and objects.created_by = creators.created_by
        and (objects.path, hashtextextended(objects.object_key, 0)) >= (entries.path, entries.hash)
        and (objects.path = entries.path and hashtextextended(objects.object_key, 0) = entries.hash
          and objects.created_by <= entries.created_by) is not true
      order by objects.path, hashtextextended(objects.object_key, 0)
      limit 1
    ) as own
    order by own.path, own.hash, own.created_by
    limit 1
  ) as next cross join lateral (
    select null::text collate "C" as folder
  ) as entry
  where entries.place <= $9 and starts_with(next.path, $10)
)
select
  entries.place, entries.folder, entries.path, entries.hash::text, entries.created_by,
  null as below_bytes, null as below_count,
  objects.object_key, objects.size_bytes, floor(extract(epoch from "objects"."event_time") * 1000)::bigint as event_time_ms
from entries
left join objects on entries.folder is null and objects.run_ref = (select run_ref from run)
  and objects.created_by = entries.created_by and objects.path = entries.path
  and hashtextextended(objects.object_key, 0) = entries.hash
where entries.place > 0
order by entries.place, objects.object_key
