import { setTimeout } from 'node:timers/promises'
import fastifyPlugin from 'fastify-plugin'
import { addShareUses } from '../db/shares/uses.js'
import { ShareUseCounter } from '../shares/uses.js'

declare module 'fastify' {
  interface FastifyInstance {
    shareUses: {
      count: (id: string) => void
      /** Writes the counts so far; those that cannot be written are tried again later. */
      write: () => Promise<void>
    }
  }
}

const INTERVAL_MS = 5_000
const BATCH_ROWS = 1_000

/** Counts how often share links are used, in batches: no download waits for it, and a killed replica loses a few seconds. */
export default fastifyPlugin(async (app) => {
  const closing = new AbortController()
  const counter = new ShareUseCounter()

  const write = async () => {
    const uses = counter.take()
    let unknownCount = 0
    for (let at = 0; at < uses.length; at += BATCH_ROWS) {
      const batch = uses.slice(at, at + BATCH_ROWS)
      try {
        unknownCount += batch.length - await addShareUses(app.database, batch)
      } catch (error) {
        counter.putBack(uses.slice(at))
        app.log.warn({ err: error }, 'could not write how often share links were used; trying again')
        break
      }
    }
    if (unknownCount > 0) {
      app.log.warn({ count: unknownCount }, 'share links are in use that the database does not know, as after a restore: those that were ' +
        'revoked since the backup may work again until npm run end-shares ends them all')
    }
  }
  let underWay: Promise<void> = Promise.resolve()
  const writeInTurn = async () => {
    underWay = underWay.then(write)
    await underWay
  }
  const writeOn = async () => {
    while (!closing.signal.aborted) {
      await setTimeout(INTERVAL_MS, undefined, { signal: closing.signal, ref: false }).catch(() => {})
      await writeInTurn()
    }
  }
  let loop: Promise<void> | undefined
  app.decorate('shareUses', {
    count: (id) => {
      counter.count(id, Math.floor(Date.now()))
      loop ??= writeOn()
    },
    write: writeInTurn,
  })
  app.addHook('onClose', async () => {
    closing.abort()
    await loop
  })
}, { name: 'share-uses', dependencies: ['database'] })
