delete from objects where object_key = any(array(
  select object_key from objects where removed_at < now() - make_interval(secs => $1)
  order by removed_at limit $2 for update skip locked))
