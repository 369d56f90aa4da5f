select * from "objects" where "object_key" = any($1::text[])
