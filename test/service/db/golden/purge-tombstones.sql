with old as materialized (
  select object_key from objects where removed_at < now() - make_interval(secs => $1)
  order by removed_at limit $2 for update skip locked
), forgotten as (
  delete from digests using "old" where digests.object_key = "old".object_key
)
delete from objects using old where objects.object_key = old.object_key
