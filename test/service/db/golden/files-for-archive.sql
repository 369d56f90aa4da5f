select
  objects.object_key, objects.size_bytes, objects.entity_tag, floor(extract(epoch from "objects"."event_time") * 1000)::bigint as event_time_ms,
  (
    select encode(digests.value, 'hex') from digests
    where digests.object_key = objects.object_key and digests.algorithm = 'crc32' and digests.is_verified
      and digests.entity_tag = objects.entity_tag
  ) as crc32,
  objects.path, hashtextextended(objects.object_key, 0)::text as hash
from objects
where objects.run_ref = (select run_ref from runs where org_key = $1 and workflow_id = $2 and run_id = $3)
  and objects.created_by = $4
  and (objects.path, hashtextextended(objects.object_key, 0)) >= ($5::text, $6::bigint)
  and (objects.path, hashtextextended(objects.object_key, 0), objects.object_key) > ($7::text, $8::bigint, $9::text)
  and objects.path < $10::text and objects.direction = $11
order by objects.path, hashtextextended(objects.object_key, 0), objects.object_key
limit $12
