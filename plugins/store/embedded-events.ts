import fastifyPlugin from 'fastify-plugin'
import { Gauge } from 'prom-client'
import { PersistentDelivery } from '../../embedded/persistent-delivery.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Counts the changes that some work makes to the embedded object storage once it has ended, in one batch. After a crash it
     * must be done again. Elsewhere the storage tells its changes whenever it will.
     */
    countTogether: <Result>(work: () => Promise<Result>) => Promise<Result>
  }
}

// They take some 20 MB.
const MAX_WAITING = 20_000
const FIRST_PAUSE_MS = 100

/**
 * Does for the embedded object storage what a real one does itself: it repeats events until they are accepted. If there are too
 * many to keep, the bucket is compared with the catalogue once the database answers again.
 */
export default fastifyPlugin(async (app) => {
  const { embeddedStoreChanges } = app
  if (embeddedStoreChanges === undefined) {
    app.decorate('countTogether', async (work) => await work())
    return
  }
  const reconcile = async () => {
    const run = await app.reconciliation.start({ prefix: '' })
    if (run === undefined) throw new Error('Another reconcile, which may have begun before the changes, is running.')
    await run.done
  }
  const delivery = new PersistentDelivery<object>(async (record) => await app.bucketEvents.receive({ Records: [record] }, 'embedded'), {
    maxWaiting: MAX_WAITING,
    firstPauseMs: FIRST_PAUSE_MS,
    onFailure: (error) => {
      app.log.error({ err: error }, 'changes of the embedded object storage cannot be counted now, and are kept until they ' +
        'can be')
    },
    onRecovery: (lostCount) => {
      app.log.info({ lostCount }, 'the changes of the embedded object storage are counted again')
      if (lostCount === 0) return
      reconcile().catch((error: unknown) => {
        app.log.error({ err: error }, 'changes of the embedded object storage are not counted: a reconcile is needed')
      })
    },
  })
  const waiting = new Gauge({
    name: 'objects_storage_embedded_events_waiting',
    help: 'Changes of the embedded object storage that could not be counted yet.',
    registers: [app.metrics],
    collect: () => { waiting.set(delivery.waitingCount) },
  })
  embeddedStoreChanges.on('change', (record) => { delivery.add(record) })
  app.decorate('countTogether', async (work) => await delivery.holdDuring(work))
  app.addHook('onClose', async () => {
    const lostCount = await delivery.close()
    if (lostCount > 0) app.log.error({ lostCount }, 'changes of the embedded object storage are not counted: a reconcile is needed')
  })
}, { name: 'store-events', dependencies: ['store-target', 'bucket-events', 'reconciliation', 'metrics'] })
