with recursive run as materialized (
  select run_ref from runs where org_key = $1 and workflow_id = $2 and run_id = $3
), creators as materialized (
  select distinct created_by from run_sums
  where run_ref = (select run_ref from run) and file_count > 0
), entries (place, folder, path, hash, created_by) as (
  select 0, null::text collate "C", $4::text collate "C", $5::bigint, $6::uuid
  union all
  select
    entries.place + 1, entry.folder,
    case when entry.folder is null then next.path else left(entry.folder, -1) || '0' end collate "C",
    case when entry.folder is null then next.hash else $7::bigint end,
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
    select case when strpos(substr(next.path, char_length($8::text) + 1), '/') > 0 then $9::text || left(substr(next.path, char_length($10::text) + 1), strpos(substr(next.path, char_length($11::text) + 1), '/')) end collate "C" as folder
  ) as entry
  where entries.place <= $12 and starts_with(next.path, $13)
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
) as below on entries.folder is not null and entries.place <= $14
left join objects on entries.folder is null and objects.run_ref = (select run_ref from run)
  and objects.created_by = entries.created_by and objects.path = entries.path
  and hashtextextended(objects.object_key, 0) = entries.hash
where entries.place > 0
order by entries.place, objects.object_key
