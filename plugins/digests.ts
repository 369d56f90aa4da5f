import { ConsecutiveBreaker, TimeoutStrategy, bulkhead, circuitBreaker, handleAll, timeout, wrap } from 'cockatiel'
import fastifyPlugin from 'fastify-plugin'
import { readDigests } from '../db/digests.js'
import type { KeptDigest } from '../objects/digests.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * What the database tells of a file's digests within a second; undefined if it tells nothing by then. It is not asked
     * while it keeps silent, and by few downloads at once, so that these neither wait for it nor keep others from it.
     */
    keptDigests: (objectKey: string) => Promise<readonly KeptDigest[] | undefined>
  }
}

const WAIT_MS = 1_000
const AWAY_AFTER_FAILURES = 3
const AWAY_MS = 5_000
const QUESTIONS_MAX_CONCURRENT = 4
const QUESTIONS_MAX_WAITING = 100

/** Decorates the instance with what is known of files' digests, for downloads, which need no database. */
export default fastifyPlugin(async (app) => {
  const question = wrap(
    circuitBreaker(handleAll, { halfOpenAfter: AWAY_MS, breaker: new ConsecutiveBreaker(AWAY_AFTER_FAILURES) }),
    timeout(WAIT_MS, TimeoutStrategy.Aggressive),
    // A question that nobody waits for any more keeps its place until the database has given it up.
    bulkhead(QUESTIONS_MAX_CONCURRENT, QUESTIONS_MAX_WAITING),
  )
  app.decorate('keptDigests', async (objectKey) => {
    try {
      return await question.execute(async () => (await readDigests(app.database, [objectKey])).get(objectKey)?.kept ?? [])
    } catch {
      return undefined
    }
  })
}, { name: 'digests', dependencies: ['database'] })
