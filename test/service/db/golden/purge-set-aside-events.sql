delete from set_aside_events where id = any(array(
  select id from set_aside_events where received_at < now() - make_interval(secs => $1)
  order by received_at limit $2 for update skip locked))
