import { Cron } from 'croner'
import fastifyPlugin from 'fastify-plugin'
import { takeDueSnapshots } from '../db/usage/snapshots.js'

/** Frequent, so that a database that is down at midnight costs no day; if there is nothing to do, it reads a single row. */
const SCHEDULE = '*/5 * * * *'

/** Keeps a snapshot of usage at the end of every day (UTC), while the service listens. */
export default fastifyPlugin(async (app) => {
  const closing = new AbortController()
  let underWay = Promise.resolve()
  let schedule: Cron | undefined

  const takeSnapshots = async () => {
    try {
      for (const taken of await takeDueSnapshots(app.database, { signal: closing.signal })) {
        app.log.info(taken, 'took the day\'s snapshot of usage')
      }
    } catch (error) {
      app.log.warn({ err: error }, 'could not take the snapshot of usage')
    }
  }
  const takeSnapshotsInTurn = async () => {
    underWay = underWay.then(takeSnapshots)
    await underWay
  }
  // Only if the service listens: commands build an instance too.
  app.addHook('onListen', async () => {
    schedule = new Cron(SCHEDULE, { protect: true, utcOffset: 0 }, takeSnapshotsInTurn)
    underWay = takeSnapshots()
  })
  app.addHook('onClose', async () => {
    schedule?.stop()
    closing.abort()
    await underWay
  })
}, { name: 'usage-history', dependencies: ['database'] })
