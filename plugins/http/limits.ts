import fastifyRateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { LookUpPlaces } from '../../downloads/look-up-places.js'
import { TooManyRequestsError } from '../../schemas/errors.js'
import { ClientWindows } from './client-windows.js'

/** How often a client may do something in a minute. Where Redis does not answer, without a limit. */
interface ClientLimit {
  /**
   * Counts that the client does it once more.
   *
   * @throws {TooManyRequestsError} where that is once too often, with Retry-After set
   */
  spend: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
}

/** How many look-ups of a client may find nothing in a minute. Where Redis does not answer, as many as it likes. */
interface MissLimit {
  /**
   * Looks something up in one of the client's places, and counts a miss where there is nothing. What is found never counts,
   * so that only a line forms where a client looks up much at once; and no more misses than the limit are found out, but for
   * look-ups under way.
   *
   * @param signal ends the wait for a place
   * @throws {TooManyRequestsError} once misses have reached the limit, with Retry-After set
   */
  lookUp: <Found>(
    reply: FastifyReply, signal: AbortSignal, look: () => Promise<Found | undefined>,
  ) => Promise<Found | undefined>
  /** Counts a miss that needed no place. */
  count: (request: FastifyRequest) => Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    limits: {
      /** By address. */
      downloadMisses: MissLimit
      /** By address. */
      authFailures: ClientLimit
      /** By user, as the token says. */
      uploads: ClientLimit
      /** By organisation, as the token says. */
      reconciles: ClientLimit
      /** By user, as the token says: all lists together. */
      lists: ClientLimit
    }
  }
}

const WINDOW_MS = 60_000
// Enough for an office behind one address: at 10 ms a look-up, 3,200 unknown files a second. A request for many links takes
// half of them, and leaves the others to single downloads.
const LOOK_UPS_MAX_CONCURRENT = 32
const REDIS_CONNECT_TIMEOUT_MS = 1_000
const REDIS_COMMAND_TIMEOUT_MS = 200
const REDIS_MAX_RETRY_DELAY_MS = 2_000
// A frozen Redis closes no connection, and would be sent ever more commands.
const REDIS_SILENCE_MS = 5_000

/** Decorates the instance with the limits on what a client may do. Nothing here runs unless a limit is asked. */
export default fastifyPlugin(async (app) => {
  const { DOWNLOAD_MISS_LIMIT, AUTH_FAILURE_LIMIT, UPLOAD_LIMIT, RECONCILE_LIMIT, LIST_LIMIT, REDIS_URL } = app.config
  const redis = REDIS_URL === undefined ? undefined : await connect(app, REDIS_URL)
  await app.register(fastifyRateLimit, {
    global: false, ...redis === undefined ? { store: ClientWindows } : { redis, nameSpace: 'objects-storage:' },
  })
  const counterOf = countersOf(app)
  const byAddress = ({ ip }: FastifyRequest) => normalizeIP(ip)
  const byUser = ({ user: { orgKey, userId } }: FastifyRequest) => `${orgKey}/${userId}`
  app.decorate('limits', {
    downloadMisses: missLimit(DOWNLOAD_MISS_LIMIT, byAddress, counterOf('download-misses', DOWNLOAD_MISS_LIMIT, byAddress)),
    authFailures: clientLimit(counterOf('auth-failures', AUTH_FAILURE_LIMIT, byAddress)),
    uploads: clientLimit(counterOf('uploads', UPLOAD_LIMIT, byUser)),
    reconciles: clientLimit(counterOf('reconciles', RECONCILE_LIMIT, ({ user: { orgKey } }) => orgKey)),
    lists: clientLimit(counterOf('lists', LIST_LIMIT, byUser)),
  })
}, { name: 'limits', dependencies: ['config'] })

/** Counts what clients do, each in a window that begins with the first time. */
interface Counter {
  /** Counts once more, whether or not that is too often. */
  increment: (request: FastifyRequest) => Promise<Count | undefined>
  /** undefined where Redis does not answer. */
  read: (request: FastifyRequest) => Promise<Count | undefined>
  /** @throws {TooManyRequestsError} */
  refuse: (reply: FastifyReply, count: Count) => never
}

interface Count {
  isUsedUp: boolean
  isExceeded: boolean
  ttlInSeconds: number
}

/** Counting and asking are one step, in this process as in Redis: however many come at once, no more than the limit pass. */
function clientLimit (counter: Counter | undefined): ClientLimit {
  if (counter === undefined) return { spend: async () => {} }
  return {
    spend: async (request, reply) => {
      const count = await counter.increment(request)
      if (count?.isExceeded === true) counter.refuse(reply, count)
    },
  }
}

function missLimit (perMinute: number, clientOf: (request: FastifyRequest) => string, counter: Counter | undefined): MissLimit {
  if (counter === undefined) return { lookUp: async (_reply, _signal, look) => await look(), count: async () => {} }
  const places = new LookUpPlaces(Math.min(LOOK_UPS_MAX_CONCURRENT, perMinute))
  const count = async (request: FastifyRequest) => { await counter.increment(request) }
  return {
    count,
    lookUp: async (reply, signal, look) => await places.run(clientOf(reply.request), signal, async () => {
      const misses = await counter.read(reply.request)
      if (misses?.isUsedUp === true) counter.refuse(reply, misses)
      const found = await look()
      if (found === undefined) await count(reply.request)
      return found
    }),
  }
}

function countersOf (app: FastifyInstance) {
  let isFailing = false
  const orFailOpen = async <Answer>(answer: Promise<Answer>): Promise<Answer | undefined> => {
    try {
      const got = await inTime(answer)
      if (isFailing) app.log.info('limits are kept again')
      isFailing = false
      return got
    } catch (error) {
      if (!isFailing) app.log.warn({ err: error }, 'Redis does not answer: limits are not kept')
      isFailing = true
      return undefined
    }
  }

  return (name: string, perMinute: number, clientOf: (request: FastifyRequest) => string): Counter | undefined => {
    if (perMinute === 0) return undefined
    const ask = app.createRateLimit({
      max: perMinute, timeWindow: WINDOW_MS, keyGenerator: (request) => `${name}:${clientOf(request)}`,
    })
    const count = async (request: FastifyRequest, options: { increment: boolean }): Promise<Count | undefined> => {
      const answer = await orFailOpen(ask(request, options))
      if (answer === undefined || answer.isAllowed) return undefined
      return { isUsedUp: answer.remaining === 0, isExceeded: answer.isExceeded, ttlInSeconds: answer.ttlInSeconds }
    }
    return {
      increment: async (request) => await count(request, { increment: true }),
      read: async (request) => await count(request, { increment: false }),
      refuse: (reply, { ttlInSeconds }) => {
        const { headers, log } = reply.request
        if (app.config.TRUST_PROXY === undefined && headers['x-forwarded-for'] !== undefined) {
          log.warn('a proxy\'s clients are limited as if they were one: set TRUST_PROXY')
        }
        reply.header('retry-after', Math.max(1, ttlInSeconds))
        throw new TooManyRequestsError()
      },
    }
  }
}

/**
 * Rejects when there is no answer in time. Where this process was too busy to see one that came, it counts: or whoever keeps
 * it busy would be limited no more, since timers go before what has arrived.
 */
function inTime<Answer> (answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = () => { setImmediate(() => { reject(new Error('Redis did not answer in time.')) }) }
    const timer = setTimeout(giveUp, REDIS_COMMAND_TIMEOUT_MS)
    answer.then(resolve, reject).finally(() => { clearTimeout(timer) })
  })
}

/** Waits for the first attempt to connect, whatever comes of it. */
async function connect (app: FastifyInstance, url: string): Promise<Redis> {
  // Not loaded where it is not used.
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    connectTimeout: REDIS_CONNECT_TIMEOUT_MS,
    socketTimeout: REDIS_SILENCE_MS,
    // A command fails at once while there is no connection, rather than wait for one.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 100, REDIS_MAX_RETRY_DELAY_MS),
  })
  // Each attempt to connect fails with an event; the first command that does is what is logged.
  redis.on('error', (error) => { app.log.debug({ err: error }, 'Redis cannot be reached') })
  app.addHook('onClose', async () => { redis.disconnect() })
  await new Promise<void>((resolve) => { redis.once('ready', resolve).once('close', resolve) })
  return redis
}
