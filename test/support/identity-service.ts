import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import pino from 'pino'
import fastifyPlugin from 'fastify-plugin'
import type { Test } from 'tap'
import { loadConfig } from '../../config.js'
import { loggerOptions } from '../../logging.js'
import config from '../../plugins/config.js'
import errors from '../../plugins/http/errors.js'
import limits from '../../plugins/http/limits.js'
import jwt from '../../plugins/http/jwt.js'
import tokenKeys from '../../plugins/http/token-keys.js'
import secretFiles from '../../plugins/secret-files.js'
import { TOKEN_SECRET } from './service.js'

/** The part of the service that determines who is calling. */
export interface IdentityService {
  app: FastifyInstance
  /** Asks the service who the bearer of a token is; `caller` is undefined if it refuses the token. */
  ask: (token: string) => Promise<{ status: number, code?: string, message?: string, caller?: unknown }>
  /** Everything that was logged, down to level trace. */
  log: string[]
}

/** Without a folder of its own, the service has a secret that tests know. */
const secrets = fastifyPlugin(async (app) => {
  const { JWT_PUBLIC_KEY, JWT_JWKS_URL } = app.config
  const isIssuer = JWT_PUBLIC_KEY === undefined && JWT_JWKS_URL === undefined
  app.decorate('secrets', {
    token: isIssuer ? TOKEN_SECRET : undefined,
    service: { current: TOKEN_SECRET, others: [] },
    isServiceOwn: true,
    isEventsToken: () => false,
  })
}, { name: 'secrets' })

/** Builds it from the service's own plugins, around one route that answers with the caller. */
export async function startIdentityService (
  t: Pick<Test, 'teardown'>, environment: Record<string, string> = {},
): Promise<IdentityService> {
  const log: string[] = []
  const logger: FastifyBaseLogger = pino(loggerOptions('trace'), { write: (line: string) => { log.push(line) } })
  const app = fastify({ loggerInstance: logger })
  t.teardown(() => app.close())
  app.register(config, { config: loadConfig({ AUTH_FAILURE_LIMIT: '0', ...environment }) })
    .register(secretFiles).register(errors).register(limits).register(secrets).register(tokenKeys).register(jwt)
  app.after(() => { app.get('/who', { onRequest: app.authenticate }, async ({ user }) => user) })
  await app.ready()
  return {
    app,
    log,
    ask: async (token) => {
      const answer = await app.inject({ url: '/who', headers: { authorization: `Bearer ${token}` } })
      const { statusCode: status } = answer
      if (status === 200) return { status, caller: answer.json() }
      const { code, message } = answer.json()
      return { status, code, message }
    },
  }
}
