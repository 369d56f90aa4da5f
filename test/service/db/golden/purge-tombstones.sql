delete from objects where object_key = any(array(
  select object_key from objects where removed_at < $1
  order by removed_at limit $2 for update skip locked))
