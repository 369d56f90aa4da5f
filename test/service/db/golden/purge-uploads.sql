with old as materialized (
  select object_key from uploads where expires_at < now() - make_interval(secs => $1) and store_upload_id is null
  order by expires_at limit $2 for update skip locked
), forgotten as (
  delete from digests using "old" where digests.object_key = "old".object_key and not exists (select from objects where object_key = old.object_key)
)
delete from uploads using old where uploads.object_key = old.object_key
