delete from "uploads" where "object_key" = any($1::text[]) returning "object_key", "size_bytes"
