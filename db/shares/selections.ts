import type { Kysely } from 'kysely'
import type { Database } from '../connection/tables.js'
import { inTransaction } from '../connection/transaction.js'
import { type NewShare, recordShare } from './shares.js'

/** Records a share link to some files; the selection is deleted with it. */
export async function recordSelection (
  database: Kysely<Database>, share: NewShare, objectKeys: readonly string[],
): ReturnType<typeof recordShare> {
  return await inTransaction(database, async (transaction) => {
    const recorded = await recordShare(transaction, share)
    await transaction.insertInto('selections').values({ share_id: share.id, object_keys: [...objectKeys] }).execute()
    return recorded
  })
}

/** The object keys that were selected for a share link; none if the link is not known. */
export async function readSelection (database: Kysely<Database>, shareId: string): Promise<string[]> {
  const selection = await database.selectFrom('selections').select('object_keys').where('share_id', '=', shareId).executeTakeFirst()
  return selection?.object_keys ?? []
}
