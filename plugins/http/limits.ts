import fastifyRateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { LookUpPlaces } from '../../downloads/look-up-places.js'
import { signalWhenGone } from '../../http/client-gone.js'
import { TooManyRequestsError } from '../../schemas/errors.js'
import { ClientWindows } from './client-windows.js'

/** How often a client may do something per minute. No limit while Redis does not answer. */
interface ClientLimit {
  /**
   * Counts one more use by the client.
   *
   * @throws {TooManyRequestsError} if that is one too many, with Retry-After set
   */
  spend: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
}

/** How many of a client's look-ups may find nothing per minute. No limit while Redis does not answer. */
interface MissLimit {
  /**
   * Looks something up in one of the client's places, and counts a miss if nothing is found. Hits never count, so a client that
   * looks up much at once only has to wait in line; it never learns of more misses than the limit, apart from look-ups in
   * progress.
   *
   * @param leaving gives the signal that ends the wait for a place; by default when the client has left
   * @throws {TooManyRequestsError} once misses have reached the limit, with Retry-After set
   */
  lookUp: <Found>(
    reply: FastifyReply, look: () => Promise<Found | undefined>, leaving?: () => AbortSignal,
  ) => Promise<Found | undefined>
  /** Counts a miss that needed no place. */
  count: (request: FastifyRequest) => Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    limits: {
      /** Per address. */
      downloadMisses: MissLimit
      /** Per address. */
      authFailures: ClientLimit
      /** Per user, according to the token. */
      uploads: ClientLimit
      /** Per user, according to the token: uploads in parts that are completed or aborted. */
      uploadEnds: ClientLimit
      /** Per organisation, according to the token. */
      reconciles: ClientLimit
      /** Per user, according to the token, for all lists together. */
      lists: ClientLimit
      /** Per user, according to the token. */
      shares: ClientLimit
      /** Per address, for pages of what is shared. */
      sharedPages: ClientLimit
    }
  }
}

const WINDOW_MS = 60_000
// Enough for an office behind one address: at 10 ms per look-up, 3,200 unknown files a second. A request for many links takes
// half of them, and leaves the others to single downloads.
const LOOK_UPS_MAX_CONCURRENT = 32
const REDIS_CONNECT_TIMEOUT_MS = 1_000
const REDIS_COMMAND_TIMEOUT_MS = 200
const REDIS_MAX_RETRY_DELAY_MS = 2_000
// The connection to a frozen Redis stays open, and ever more commands would be queued on it.
const REDIS_SILENCE_MS = 5_000

/** Decorates the instance with the limits on what a client may do. Nothing here runs unless a limit is used. */
export default fastifyPlugin(async (app) => {
  const {
    DOWNLOAD_MISS_LIMIT, AUTH_FAILURE_LIMIT, UPLOAD_LIMIT, RECONCILE_LIMIT, LIST_LIMIT, SHARE_LIMIT, REDIS_URL,
  } = app.config
  const redis = REDIS_URL === undefined ? undefined : await connect(app, REDIS_URL)
  await app.register(fastifyRateLimit, {
    global: false, ...redis === undefined ? { store: ClientWindows } : { redis, nameSpace: 'objects-storage:' },
  })
  const counterOf = countersOf(app)
  // A client connected through a Unix socket has no address, whatever the type says.
  const byAddress = ({ ip }: { ip?: string }) => ip === undefined ? '' : normalizeIP(ip)
  const byUser = ({ user: { orgKey, userId } }: FastifyRequest) => `${orgKey}/${userId}`
  app.decorate('limits', {
    downloadMisses: missLimit(DOWNLOAD_MISS_LIMIT, byAddress, counterOf('download-misses', DOWNLOAD_MISS_LIMIT, byAddress)),
    authFailures: clientLimit(counterOf('auth-failures', AUTH_FAILURE_LIMIT, byAddress)),
    uploads: clientLimit(counterOf('uploads', UPLOAD_LIMIT, byUser)),
    // Counted apart, so that a user who begins too many can still end them.
    uploadEnds: clientLimit(counterOf('upload-ends', UPLOAD_LIMIT, byUser)),
    reconciles: clientLimit(counterOf('reconciles', RECONCILE_LIMIT, ({ user: { orgKey } }) => orgKey)),
    lists: clientLimit(counterOf('lists', LIST_LIMIT, byUser)),
    shares: clientLimit(counterOf('shares', SHARE_LIMIT, byUser)),
    sharedPages: clientLimit(counterOf('shared-pages', LIST_LIMIT, byAddress)),
  })
}, { name: 'limits', dependencies: ['config', 'secret-files'] })

/** Counts what clients do, each in a window that begins with the first time. */
interface Counter {
  /** Counts once more, even if that is too many. */
  increment: (request: FastifyRequest) => Promise<Count | undefined>
  /** undefined if Redis does not answer. */
  read: (request: FastifyRequest) => Promise<Count | undefined>
  /** @throws {TooManyRequestsError} */
  refuse: (reply: FastifyReply, count: Count) => never
}

interface Count {
  isUsedUp: boolean
  isExceeded: boolean
  ttlInSeconds: number
}

/** Counting and checking are one step, in this process as in Redis: however many come at once, no more than the limit pass. */
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
  if (counter === undefined) return { lookUp: async (_reply, look) => await look(), count: async () => {} }
  const places = new LookUpPlaces(Math.min(LOOK_UPS_MAX_CONCURRENT, perMinute))
  const count = async (request: FastifyRequest) => { await counter.increment(request) }
  return {
    count,
    lookUp: async (reply, look, leaving = () => signalWhenGone(reply.raw)) =>
      await places.run(clientOf(reply.request), leaving, async () => {
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
      if (isFailing) app.log.info('limits apply again')
      isFailing = false
      return got
    } catch (error) {
      if (!isFailing) app.log.warn({ err: error }, 'Redis does not answer: limits do not apply')
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
 * Rejects if there is no answer in time. An answer that arrived while this process was too busy to see it still counts:
 * otherwise a client that keeps it busy would no longer be limited, since timers go before what has arrived.
 */
function inTime<Answer> (answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = () => { setImmediate(() => { reject(new Error('Redis did not answer in time.')) }) }
    const timer = setTimeout(giveUp, REDIS_COMMAND_TIMEOUT_MS)
    answer.then(resolve, reject).finally(() => { clearTimeout(timer) })
  })
}

/** Waits for the first attempt to connect, whether or not it succeeds. */
async function connect (app: FastifyInstance, url: string): Promise<Redis> {
  // Loaded only if it is used.
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    connectTimeout: REDIS_CONNECT_TIMEOUT_MS,
    socketTimeout: REDIS_SILENCE_MS,
    // A command fails at once while there is no connection, rather than waiting for one.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 100, REDIS_MAX_RETRY_DELAY_MS),
  })
  // Options are read again at every attempt to connect.
  app.secretFiles.on('change', ({ REDIS_URL = url }) => {
    const { username, password } = new URL(REDIS_URL)
    Object.assign(redis.options, { username: decodeURIComponent(username), password: decodeURIComponent(password) })
  })
  // Each failed attempt to connect emits an event; the failure that is logged is that of the first command.
  redis.on('error', (error) => { app.log.debug({ err: error }, 'Redis cannot be reached') })
  app.addHook('onClose', async () => { redis.disconnect() })
  await new Promise<void>((resolve) => { redis.once('ready', resolve).once('close', resolve) })
  return redis
}
