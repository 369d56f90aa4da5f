import type { FastifyInstance } from 'fastify'
import { prefixOf } from '../objects/object-key.js'
import { examineAddressing } from './addressing.js'
import { examineBucketSettings } from './bucket-settings.js'
import { examineBucket } from './bucket.js'
import { examineCredentials } from './credentials.js'
import { examineDatabaseConnection } from './database-connection.js'
import { examineDatabase } from './database.js'
import { type Finding, skipped } from './finding.js'
import { examineNotifications } from './notifications.js'
import { examineObjects } from './objects.js'
import { PROBE_ORG_KEY, mintProbeKey } from './probe.js'
import { examinePublicEndpoint } from './public-endpoint.js'
import { examineSetAside } from './set-aside.js'
import { examineSettings } from './settings.js'
import { examineTokens } from './tokens.js'
import { examineUploads } from './uploads.js'

export interface Examination {
  /** The parts of the service, ready to use. */
  app: FastifyInstance
  /** How long to wait for a notification, in milliseconds. */
  waitMs: number
  /** Ends the waiting. */
  signal: AbortSignal
}

/**
 * Examines a deployment, one check after the other. A check that depends on something that failed is skipped. Objects of the
 * organisation PROBE_ORG_KEY are put into the bucket, and removed again however the examination ends.
 *
 * @throws the signal's reason if that ended the waiting
 */
export async function * examine ({ app, waitMs, signal }: Examination): AsyncGenerator<Finding, undefined> {
  // Embedded parts can only be reached through the service, which a command does not otherwise start.
  if (app.embeddedStore !== undefined && !app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  yield await examineTokens(app)
  yield * examineSettings(app)
  yield examineCredentials(app)
  const database = await examineDatabase(app)
  yield database
  if (database.status === 'ok') {
    yield * examineDatabaseConnection(app)
    yield await examineSetAside(app)
  }
  const addressing = await examineAddressing(app)
  if (addressing !== undefined) yield addressing
  const bucket = await examineBucket(app)
  yield bucket
  if (bucket.status === 'failed') {
    yield skipped('credentials', 'The bucket cannot be used.')
    return
  }
  yield * examineBucketSettings(app)
  const objectKey = mintProbeKey()
  try {
    yield * examineObjects(app, objectKey)
    yield * examinePublicEndpoint(app, objectKey)
    yield * examineUploads(app, objectKey)
    if (database.status === 'ok') yield * examineNotifications(app, objectKey, waitMs, signal)
    else yield skipped('notifications', 'The database cannot be used.')
  } finally {
    await app.objectStorage.remove(objectKey).catch(() => {})
    if (database.status === 'ok') await (await app.reconciliation.start({ prefix: prefixOf({ orgKey: PROBE_ORG_KEY }) }))?.done.catch(() => {})
  }
}
