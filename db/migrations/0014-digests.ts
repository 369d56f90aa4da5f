import { type Kysely, type Migration, sql } from 'kysely'

/**
 * Digests of files' bytes: claims, which were made before there was a file, and those that were verified for an entity tag. Few
 * files have any. The algorithms are not listed here: more may follow.
 */
export const digests: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      create table digests (
        object_key text collate "C" not null,
        algorithm text not null,
        is_verified boolean not null,
        entity_tag text,
        value bytea not null,
        is_confirmable boolean not null default false,
        primary key (object_key, algorithm, is_verified),
        check (is_verified = (entity_tag is not null))
      )`.execute(database)
    await sql`create index confirmable_digests on digests (object_key) where is_confirmable`.execute(database)
    await sql`
      create table verifications (
        scope text collate "C" primary key,
        checkpoint text collate "C" not null default '',
        started_at timestamptz not null default clock_timestamp(),
        updated_at timestamptz not null default clock_timestamp(),
        finished_at timestamptz,
        read_count bigint not null default 0,
        read_bytes bigint not null default 0,
        mismatch_count bigint not null default 0,
        unreadable_count bigint not null default 0
      )`.execute(database)
  },
}
