import fastifyRateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { TooManyRequestsError } from '../../schemas/errors.js'

/** How often a client may do something in a minute. Where Redis does not answer, without a limit. */
export interface ClientLimit {
  /** @throws {TooManyRequestsError} when the client has done it too often already, with Retry-After set */
  check: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  /** Counts that the client has done it once. */
  count: (request: FastifyRequest) => Promise<void>
  /** `check`, and then `count`. */
  spend: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    limits: {
      /** By address. */
      downloadMisses: ClientLimit
      /** By address. */
      authFailures: ClientLimit
      /** By user, as the token says. */
      uploads: ClientLimit
      /** By organisation, as the token says. */
      reconciles: ClientLimit
    }
  }
}

const WINDOW_MS = 60_000
const MAX_CLIENTS = 10_000
const REDIS_CONNECT_TIMEOUT_MS = 1_000
const REDIS_COMMAND_TIMEOUT_MS = 200
const REDIS_MAX_RETRY_DELAY_MS = 2_000
// A frozen Redis closes no connection, and would be sent ever more commands.
const REDIS_SILENCE_MS = 5_000

/** Decorates the instance with the limits on what a client may do. Nothing here runs unless a limit is asked. */
export default fastifyPlugin(async (app) => {
  const { DOWNLOAD_MISS_LIMIT, AUTH_FAILURE_LIMIT, UPLOAD_LIMIT, RECONCILE_LIMIT, REDIS_URL } = app.config
  const redis = REDIS_URL === undefined ? undefined : await connect(app, REDIS_URL)
  await app.register(fastifyRateLimit, {
    global: false, cache: MAX_CLIENTS, ...redis === undefined ? {} : { redis, nameSpace: 'objects-storage:' },
  })
  const makeLimit = limitsOf(app)
  const byAddress = ({ ip }: FastifyRequest) => normalizeIP(ip)
  app.decorate('limits', {
    downloadMisses: makeLimit('download-misses', DOWNLOAD_MISS_LIMIT, byAddress),
    authFailures: makeLimit('auth-failures', AUTH_FAILURE_LIMIT, byAddress),
    uploads: makeLimit('uploads', UPLOAD_LIMIT, ({ user: { orgKey, userId } }) => `${orgKey}/${userId}`),
    reconciles: makeLimit('reconciles', RECONCILE_LIMIT, ({ user: { orgKey } }) => orgKey),
  })
}, { name: 'limits', dependencies: ['config'] })

function limitsOf (app: FastifyInstance) {
  let isFailing = false
  const orFailOpen = async <Answer>(answer: Promise<Answer>): Promise<Answer | undefined> => {
    try {
      const got = await answer
      if (isFailing) app.log.info('limits are kept again')
      isFailing = false
      return got
    } catch (error) {
      if (!isFailing) app.log.warn({ err: error }, 'Redis does not answer: limits are not kept')
      isFailing = true
      return undefined
    }
  }

  return (name: string, perMinute: number, clientOf: (request: FastifyRequest) => string): ClientLimit => {
    if (perMinute === 0) return { check: async () => {}, count: async () => {}, spend: async () => {} }
    const ask = app.createRateLimit({
      // Whoever has used up the limit is over it before the next request is counted.
      max: perMinute - 1, timeWindow: WINDOW_MS, keyGenerator: (request) => `${name}:${clientOf(request)}`,
    })
    const check: ClientLimit['check'] = async (request, reply) => {
      const answer = await orFailOpen(ask(request, { increment: false }))
      if (answer === undefined || answer.isAllowed || !answer.isExceeded) return
      if (app.config.TRUST_PROXY === undefined && request.headers['x-forwarded-for'] !== undefined) {
        request.log.warn('a proxy\'s clients are limited as if they were one: set TRUST_PROXY')
      }
      reply.header('retry-after', Math.max(1, answer.ttlInSeconds))
      throw new TooManyRequestsError()
    }
    const count: ClientLimit['count'] = async (request) => { await orFailOpen(ask(request)) }
    return {
      check,
      count,
      spend: async (request, reply) => {
        await check(request, reply)
        await count(request)
      },
    }
  }
}

/** Waits for the first attempt to connect, whatever comes of it. */
async function connect (app: FastifyInstance, url: string): Promise<Redis> {
  // Not loaded where it is not used.
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    connectTimeout: REDIS_CONNECT_TIMEOUT_MS,
    commandTimeout: REDIS_COMMAND_TIMEOUT_MS,
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
