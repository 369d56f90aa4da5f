import { sql } from 'kysely'
import type { Test } from 'tap'
import { countSetAside } from '../../../db/events/set-aside-records.js'
import { auditSums } from '../../../db/usage/audit.js'
import { compileCommands } from '../../support/command-process.js'
import { createServerDatabase, lockWaits, testDatabaseUrl } from '../../support/database.js'
import { TOKEN_SECRET } from '../../support/service.js'
import { startServiceProcess } from '../../support/service-process.js'
import { openEmbeddedStore } from '../../support/stores.js'
import { type TestBroker, until, untilEmpty } from '../../support/test-broker.js'
import { makeKeyHistories } from './key-histories.js'

const EVENTS = Number(process.env.QUEUE_EVENTS ?? 5_000)
const KILLS = 5
const HELD_MESSAGES = 50

/** Why the service cannot be killed here: the database must outlive it. */
export const databaseSkip = testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set'

/**
 * Proves that events from a queue are counted exactly, whatever is killed meanwhile, and that nothing leaves the queue before
 * it is counted.
 *
 * @param options.persists whether the broker may be killed, too
 * @param options.takesWhileGiving whether it loses nothing that is published while messages are acknowledged
 * @param options.perMessage how many events a message contains
 */
export async function proveExactness (
  t: Test,
  broker: TestBroker,
  { persists, takesWhileGiving, perMessage = 1 }: { persists: boolean, takesWhileGiving: boolean, perMessage?: number },
): Promise<void> {
  const { database, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const store = await openEmbeddedStore()
  t.teardown(store.close)
  const commands = await compileCommands(t)
  const startService = () => startServiceProcess(t, commands, {
    ...store.environment, ...broker.environment, DATABASE_URL: url, JWT_SECRET: TOKEN_SECRET, EVENTS_TOKEN: 'token-that-nobody-uses',
  })
  const { bodies, sizes } = await makeKeyHistories(store, EVENTS, perMessage)

  const [early, late] = [bodies.slice(0, HELD_MESSAGES), bodies.slice(HELD_MESSAGES)]

  await t.test('nothing is acknowledged before its commit', async (t) => {
    const holder = await database.startTransaction().execute()
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(holder)
    await sql`lock table usage_sums`.execute(holder)
    const service = await startService()
    await broker.publish(early)
    await lockWaits(database)
    service.child.kill('SIGKILL')
    await service.exited
    await until(async () => await broker.countUnacknowledged() === HELD_MESSAGES)
    t.pass('the queue has all of them')
    await holder.rollback().execute()
  })

  await t.test(`${EVENTS} events, and a service that is killed ${KILLS} times`, async (t) => {
    const partSize = Math.ceil(late.length / (KILLS + 1))
    const publishPart = async (part: number) => { await broker.publish(late.slice(part * partSize, (part + 1) * partSize)) }
    if (!takesWhileGiving) await publishPart(0)
    let service = await startService()
    for (let kill = 0; kill < KILLS; kill++) {
      if (takesWhileGiving) await publishPart(kill)
      else await until(async () => await broker.countUnacknowledged() < partSize)
      service.child.kill('SIGKILL')
      await service.exited
      if (!takesWhileGiving) await publishPart(kill + 1)
      service = await startService()
      // The service finds the broker again by itself.
      if (persists) await broker.restart()
    }
    if (takesWhileGiving) await publishPart(KILLS)
    const stopOrderly = async () => {
      await untilEmpty(broker)
      service.child.kill('SIGTERM')
      t.equal(await service.exited, 0, 'it ends in an orderly way')
    }
    await stopOrderly()
    // What RabbitMQ had delivered beyond the current batch went back to the queue.
    while (await broker.countUnacknowledged() > 0) {
      service = await startService()
      await stopOrderly()
    }
  })

  const rows = await database.selectFrom('objects').select(['object_key', 'size_bytes']).where('removed_at', 'is', null).execute()
  const counted = rows.map(({ object_key: key, size_bytes: bytes }): [string, number] => [key, Number(bytes)])
  t.strictSame(new Map(counted.sort()), new Map([...sizes].sort()), 'every file is counted as the bucket has it')
  t.strictSame(await auditSums(database), [], 'sums are those of the rows')
  t.equal(await countSetAside(database), undefined, 'nothing is set aside')
}
