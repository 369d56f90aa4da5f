import { setTimeout } from 'node:timers/promises'
import fastifyPlugin from 'fastify-plugin'
import { Gauge } from 'prom-client'
import { readRevocations } from '../db/shares/revocations.js'
import { type RevokedShare, Revocations, type ShareEpoch } from '../shares/revocations.js'

declare module 'fastify' {
  interface FastifyInstance {
    shareRevocations: {
      /** What this replica knows; undefined until it has read the revocations for the first time. */
      known: Revocations | undefined
      /** Resolves once they have been read, or the first attempt has failed. */
      tried: () => Promise<void>
      /** Notes what this replica itself has revoked. */
      add: (changes: { revoked?: RevokedShare[], epochs?: ShareEpoch[] }) => void
    }
  }
}

/**
 * From the end of one reading to the next. Together with the reading itself, well below the second within which every replica
 * must refuse what was revoked.
 */
const PAUSE_MS = 400
/** A revocation need not be remembered once its link has expired. */
const FORGET_INTERVAL_MS = 60_000

/**
 * Follows which share links are revoked. Links to files are opened without the database: while it is away, what was read last
 * still applies.
 */
export default fastifyPlugin(async (app) => {
  const closing = new AbortController()
  const revocations = new Revocations()
  let asOfMs: number | undefined
  let readAtMs: number | undefined
  let isFailing = false
  let forgottenAtMs = performance.now()
  const age = new Gauge({
    name: 'objects_storage_share_revocations_age_seconds',
    help: 'Time since this replica last read which share links are revoked, or since its start if it never has.',
    registers: [app.metrics],
    collect: () => { age.set((performance.now() - (readAtMs ?? 0)) / 1000) },
  })
  const count = new Gauge({
    name: 'objects_storage_share_revocations',
    help: 'Share links that this replica knows to be individually revoked.',
    registers: [app.metrics],
    collect: () => { count.set(revocations.size) },
  })

  const read = async () => {
    try {
      const changes = await readRevocations(app.database, asOfMs)
      revocations.add(changes)
      ;({ asOfMs } = changes)
      readAtMs = performance.now()
      app.shareRevocations.known = revocations
      if (isFailing) app.log.info('reading again which share links are revoked')
      isFailing = false
    } catch (error) {
      if (!isFailing && !closing.signal.aborted) {
        app.log.warn({ err: error }, app.shareRevocations.known === undefined
          ? 'cannot read which share links are revoked: no link is opened until that is known'
          : 'cannot read which share links are revoked: those that are known stay refused, and others are opened')
      }
      isFailing = true
    }
    if (performance.now() - forgottenAtMs < FORGET_INTERVAL_MS) return
    forgottenAtMs = performance.now()
    revocations.forgetExpired(Date.now())
  }
  const readOn = async () => {
    while (!closing.signal.aborted) {
      await setTimeout(PAUSE_MS, undefined, { signal: closing.signal, ref: false }).catch(() => {})
      if (!closing.signal.aborted) await read()
    }
  }
  let first: Promise<void> | undefined
  let underWay: Promise<void> | undefined
  const begin = () => {
    if (first !== undefined) return
    first = read()
    underWay = first.then(readOn)
  }
  app.decorate('shareRevocations', {
    known: undefined,
    tried: async () => {
      begin()
      await first
    },
    add: ({ revoked = [], epochs = [] }) => { revocations.add({ revoked, epochs }) },
  })
  // Otherwise only once a link is opened: commands build an instance too.
  if (app.secrets.isServiceOwn) app.addHook('onListen', async () => { begin() })
  app.addHook('onClose', async () => {
    closing.abort()
    await underWay
  })
}, { name: 'share-revocations', dependencies: ['database', 'metrics', 'secrets'] })
