delete from uploads where object_key = any(array(
  select object_key from uploads where expires_at < now() - make_interval(secs => $1)
  order by expires_at limit $2 for update skip locked))
