import { ConsecutiveBreaker, TimeoutStrategy, bulkhead, circuitBreaker, handleAll, timeout, wrap } from 'cockatiel'
import fastifyPlugin from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { readDigests } from '../db/digests.js'
import { type FileDigests, type KeptDigest, digestsOf } from '../objects/digests.js'
import type { StoredObject } from '../store/object-storage.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * What the database knows of a file's digests; undefined if it does not answer within a second. It is not asked while it is
     * away, and only by a few downloads at once, so that downloads neither wait for it nor keep others from it.
     *
     * Its answer is cached for as long as a file is. Digests are stored with the entity tag of their bytes, so they are never
     * attributed to other bytes.
     */
    keptDigests: (objectKey: string) => Promise<readonly KeptDigest[] | undefined>
    /** What may be said about a file's bytes, from the store's answer and `keptDigests`. Never rejects. */
    digestsOf: (objectKey: string, stored: Pick<StoredObject, 'entityTag' | 'checksums'>) => Promise<FileDigests>
  }
}

const WAIT_MS = 1_000
const AWAY_AFTER_FAILURES = 3
const AWAY_MS = 5_000
const QUESTIONS_MAX_CONCURRENT = 4
const QUESTIONS_MAX_WAITING = 100
const REMEMBERED_MAX_FILES = 10_000

/** Decorates the instance with what is known about files' digests, for downloads, which need no database. */
export default fastifyPlugin(async (app) => {
  const question = wrap(
    circuitBreaker(handleAll, { halfOpenAfter: AWAY_MS, breaker: new ConsecutiveBreaker(AWAY_AFTER_FAILURES) }),
    timeout(WAIT_MS, TimeoutStrategy.Aggressive),
    // A query that nobody waits for any more keeps its place until the database has answered it or timed out.
    bulkhead(QUESTIONS_MAX_CONCURRENT, QUESTIONS_MAX_WAITING),
  )
  const { EXISTENCE_TTL } = app.config
  const remembered = EXISTENCE_TTL === 0
    ? undefined
    : new LRUCache<string, readonly KeptDigest[]>({ max: REMEMBERED_MAX_FILES, ttl: EXISTENCE_TTL * 1000, ttlResolution: 0 })
  app.decorate('keptDigests', async (objectKey) => {
    const known = remembered?.get(objectKey)
    if (known !== undefined) return known
    try {
      const kept = await question.execute(async () => (await readDigests(app.database, [objectKey])).get(objectKey)?.kept ?? [])
      // The store may confirm a claim at any moment.
      if (!kept.some(({ isConfirmable }) => isConfirmable)) remembered?.set(objectKey, kept)
      return kept
    } catch {
      return undefined
    }
  })
  app.decorate('digestsOf', async (objectKey, { entityTag, checksums }) =>
    digestsOf(await app.keptDigests(objectKey), entityTag, checksums))
}, { name: 'digests', dependencies: ['config', 'database'] })
