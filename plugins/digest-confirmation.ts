import { setTimeout } from 'node:timers/promises'
import fastifyPlugin from 'fastify-plugin'
import { underLease } from '../db/leases.js'
import { confirmDigests } from '../uploads/confirm-digests.js'

const LEASE_NAME = 'digest-confirmation'
const INTERVAL_MS = 10_000

/** Finds out, in one replica at a time, which claimed checksums of arrived files the store has checked. */
export default fastifyPlugin(async (app) => {
  const closing = new AbortController()
  let underWay: Promise<void> | undefined
  const confirm = async () => {
    if (!app.isDatabaseMigrated()) return
    await underLease(app.database, LEASE_NAME, async ({ lost }) =>
      await confirmDigests(app.database, app.objectStorage, AbortSignal.any([closing.signal, lost])))
  }
  const confirmForever = async () => {
    while (!closing.signal.aborted) {
      await setTimeout(INTERVAL_MS, undefined, { signal: closing.signal }).catch(() => {})
      try {
        if (!closing.signal.aborted) await confirm()
      } catch (error) {
        if (!closing.signal.aborted) app.log.warn({ err: error }, 'could not ask the object storage which checksums it has checked')
      }
    }
  }
  // Only if the service listens: commands build an instance too. Uploads that are bound to no checksum are not asked about.
  app.addHook('onListen', async () => {
    if (app.enforcedChecksums.length > 0) underWay = confirmForever()
  })
  app.addHook('onClose', async () => {
    closing.abort()
    await underWay
  })
}, { name: 'digest-confirmation', dependencies: ['database', 'object-storage'] })
