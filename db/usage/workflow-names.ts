import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { inTransaction } from '../connection/transaction.js'

/** Names a workflow of an organisation, replacing any previous name. */
export async function nameWorkflow (
  database: Kysely<Database>, workflow: { orgKey: string, workflowId: string, name: string },
): Promise<void> {
  await inTransaction(database, (transaction) => transaction
    .insertInto('workflows')
    .values({ org_key: workflow.orgKey, workflow_id: workflow.workflowId, name: workflow.name })
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
