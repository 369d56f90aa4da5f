import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { isCatalogued } from '../db/usage/catalogue-size.js'
import { type Finding, failed, ok, skipped } from './finding.js'
import { sendAsService } from './probe.js'

const POLL_MS = 200

/**
 * Checks whether the file under the key is counted, and no longer counted once it is removed, through the store's notifications
 * alone.
 */
export async function * examineNotifications (
  app: FastifyInstance, objectKey: string, waitMs: number, signal: AbortSignal,
): AsyncGenerator<Finding, undefined> {
  const { DATABASE_URL, S3_ENDPOINT } = app.config
  if (DATABASE_URL === undefined && S3_ENDPOINT !== undefined) {
    yield skipped('notifications', 'They go to the service, which cannot run beside the doctor on the embedded database.')
    return
  }
  const advice = 'Either no service runs on this database, or the bucket does not send it notifications: let it send ObjectCreated and ObjectRemoved to POST /api/v1/objects/events, with EVENTS_TOKEN.'
  const isCounted = () => isCatalogued(app.database, objectKey)
  if (!await until(isCounted, waitMs, signal)) {
    yield failed('notifications', `No notification of a new file came within ${waitMs / 1000} s. ${advice}`)
    return
  }
  const { status } = await sendAsService(app, { method: 'DELETE', objectKey })
  if (status >= 300) {
    yield failed('delete', `The credentials may not delete: status ${status}. Allow s3:DeleteObject.`)
    return
  }
  yield ok('delete', 'The credentials may delete.')
  yield await until(async () => !await isCounted(), waitMs, signal)
    ? ok('notifications', 'A new file and its removal were counted without help.')
    : failed('notifications', `A new file was counted, but its removal was not within ${waitMs / 1000} s: let the bucket send ObjectRemoved, too.`)
}

async function until (condition: () => Promise<boolean>, waitMs: number, signal: AbortSignal): Promise<boolean> {
  const deadlineMs = performance.now() + waitMs
  while (!await condition()) {
    if (performance.now() > deadlineMs) return false
    await setTimeout(POLL_MS, undefined, { signal })
  }
  return true
}
