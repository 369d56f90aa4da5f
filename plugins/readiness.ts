import { setTimeout } from 'node:timers/promises'
import fastifyPlugin from 'fastify-plugin'
import { sql } from 'kysely'
import { Gauge } from 'prom-client'
import type { Readiness } from '../schemas/readiness.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Says whether the service can do its work. Answers within two seconds, whatever state its parts are in. */
    readiness: () => Promise<Readiness>
  }
}

const CHECK_TIMEOUT_MS = 2_000
const REMEMBERED_MS = 1_000

/**
 * Decorates the instance with its readiness. Downloads need no database and no tokens, and most of the traffic is downloads, so
 * without a database, an identity provider or a queue of notifications the service is degraded but ready; without the object
 * storage it can do nothing.
 */
export default fastifyPlugin(async (app) => {
  const checkStore = createCheck(async () => await app.objectStorage.bucketExists(AbortSignal.timeout(CHECK_TIMEOUT_MS)))
  const checkDatabase = createCheck(async () => {
    if (!app.isDatabaseMigrated()) return false
    // Also false on a standby, and if the role or the database is set to read-only.
    const { rows } = await sql<{ is_writable: boolean }>`
      select current_setting('transaction_read_only') = 'off' as is_writable`.execute(app.database)
    return rows[0]?.is_writable === true
  })
  const checkRuns = createCheck(app.runs.areCounted)
  const { tokenKeys } = app
  const checkIdentityProvider = tokenKeys === undefined ? undefined : createCheck(async () => await tokenKeys.isUp())
  const up = new Gauge({
    name: 'objects_storage_part_up',
    help: 'Whether a part of the service worked at the last readiness probe.',
    labelNames: ['part'],
    registers: [app.metrics],
  })
  app.decorate('readiness', async () => {
    const [isStoreUp, isDatabaseUp, areRunsCounted, isIdentityProviderUp] =
      await Promise.all([checkStore(), checkDatabase(), checkRuns(), checkIdentityProvider?.()])
    const areQueuesUp = app.eventQueues?.areUp()
    const isCounting = isDatabaseUp && !areRunsCounted
    up.set({ part: 'object_storage' }, Number(isStoreUp))
    up.set({ part: 'database' }, Number(isDatabaseUp))
    if (isIdentityProviderUp !== undefined) up.set({ part: 'identity_provider' }, Number(isIdentityProviderUp))
    if (areQueuesUp !== undefined) up.set({ part: 'event_queues' }, Number(areQueuesUp))
    const isRestUp = isDatabaseUp && !isCounting && isIdentityProviderUp !== false && areQueuesUp !== false
    return {
      status: statusOf(app.shutdown.hasBegun(), isStoreUp, isRestUp),
      parts: {
        objectStorage: isStoreUp ? 'up' : 'down',
        database: isDatabaseUp ? 'up' : 'down',
        ...isCounting ? { runs: 'counting' as const } : {},
        ...isIdentityProviderUp === undefined ? {} : { identityProvider: isIdentityProviderUp ? 'up' as const : 'down' as const },
        ...areQueuesUp === undefined ? {} : { eventQueues: areQueuesUp ? 'up' as const : 'down' as const },
      },
    }
  })
}, { name: 'readiness', dependencies: ['object-storage', 'database', 'run-backfill', 'event-queues', 'token-keys', 'shutdown', 'metrics'] })

function statusOf (isStopping: boolean, isStoreUp: boolean, isRestUp: boolean): Readiness['status'] {
  if (isStopping) return 'stopping'
  if (!isStoreUp) return 'unavailable'
  return isRestUp ? 'ready' : 'degraded'
}

/**
 * A check that many callers may share: one runs at a time, its outcome is remembered for a second, and one that takes longer
 * than two seconds counts as failed.
 */
function createCheck (check: () => Promise<boolean>): () => Promise<boolean> {
  let present: Promise<boolean> | undefined
  let known = { isUp: false, untilMs: -Infinity }
  const begin = async () => {
    const isUp = await check().catch(() => false)
    known = { isUp, untilMs: performance.now() + REMEMBERED_MS }
    present = undefined
    return isUp
  }
  return async () => {
    if (performance.now() < known.untilMs) return known.isUp
    present ??= begin()
    const impatience = new AbortController()
    try {
      return await Promise.race([present, setTimeout(CHECK_TIMEOUT_MS, false, { signal: impatience.signal })])
    } finally {
      impatience.abort()
    }
  }
}
