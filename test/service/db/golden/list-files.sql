select "object_key", "size_bytes", "event_time" from "objects" where "object_key" > $1 and "object_key" < $2 and "removed_at" is null order by "object_key" limit $3
