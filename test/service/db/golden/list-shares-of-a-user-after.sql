select
  id, number, made_by, kind, note, use_count,
  floor(extract(epoch from "created_at") * 1000)::bigint as created_at_ms, floor(extract(epoch from "expires_at") * 1000)::bigint as expires_at_ms,
  floor(extract(epoch from "last_used_at") * 1000)::bigint as last_used_at_ms, floor(extract(epoch from least(revoked_at, case when created_at <= epoch then epoch end)) * 1000)::bigint as revoked_at_ms
from shares, (select max(revoked_before) as epoch from share_epochs where org_key in ($1, '')) as epochs
where org_key = $2 and made_by = $3
  and number < $4::bigint
order by number desc
limit $5
