import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { inTransaction } from '../connection/transaction.js'

/** Names workflows of an organisation, at least one and each once, replacing any previous names. */
export async function nameWorkflows (
  database: Kysely<Database>, orgKey: string, workflows: ReadonlyArray<{ workflowId: string, name: string }>,
): Promise<void> {
  await inTransaction(database, (transaction) => transaction
    .insertInto('workflows')
    .values(workflows.map(({ workflowId, name }) => ({ org_key: orgKey, workflow_id: workflowId, name })))
    .onConflict((conflict) => conflict.columns(['org_key', 'workflow_id']).doUpdateSet({
      name: (eb) => eb.ref('excluded.name'), updated_at: sql`now()`,
    }))
    .execute())
}

/** The name of an organisation's workflow; undefined if it never got one. */
export async function readWorkflowName (
  database: Kysely<Database>, orgKey: string, workflowId: string,
): Promise<string | undefined> {
  const workflow = await database.selectFrom('workflows').select('name')
    .where('org_key', '=', orgKey).where('workflow_id', '=', workflowId).executeTakeFirst()
  return workflow?.name
}
