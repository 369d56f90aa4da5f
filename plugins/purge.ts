import fastifyPlugin from 'fastify-plugin'
import { purge } from '../db/purge.js'

const DAY_MS = 24 * 60 * 60 * 1000
const SET_ASIDE_RETENTION_MS = 90 * DAY_MS
const VERIFICATION_RETENTION_MS = 90 * DAY_MS
const SHARE_RETENTION_MS = 30 * DAY_MS
const INTERVAL_MS = DAY_MS / 24

/** Deletes from the database what is no longer needed, when the service begins to listen and every hour after that. */
export default fastifyPlugin(async (app) => {
  const { tombstoneRetentionMs } = app.bucketEvents
  const closing = new AbortController()
  let purging: Promise<void> | undefined
  const purgeOnce = async () => {
    try {
      const purged = await purge(app.database, {
        tombstonesMs: tombstoneRetentionMs,
        uploadsMs: DAY_MS,
        setAsideEventsMs: SET_ASIDE_RETENTION_MS,
        leasesMs: DAY_MS,
        verificationsMs: VERIFICATION_RETENTION_MS,
        sharesMs: SHARE_RETENTION_MS,
      }, closing.signal)
      app.log.debug(purged, 'purged expired rows')
    } catch (error) {
      app.log.warn({ err: error }, 'could not purge expired rows')
    }
  }
  const timer = setInterval(() => { purging = purgeOnce() }, INTERVAL_MS)
  timer.unref()
  // Purges once at the start, so that a service restarted more often than every hour purges too.
  app.addHook('onListen', async () => { purging = purgeOnce() })
  app.addHook('onClose', async () => {
    clearInterval(timer)
    closing.abort()
    await purging
  })
}, { name: 'purge', dependencies: ['database', 'bucket-events'] })
