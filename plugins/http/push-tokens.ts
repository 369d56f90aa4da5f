import fastifyPlugin from 'fastify-plugin'
import { proxyFor } from '../../http/proxy.js'
import { headerValues } from '../../http/raw-headers.js'
import { readBearerToken } from '../../identity/bearer-token.js'
import { GOOGLE_ALGORITHM, GOOGLE_ISSUERS, checkPushAccount } from '../../identity/google-push-token.js'
import { RemoteKeySet } from '../../identity/remote-key-set.js'
import { TokenRefusedError } from '../../identity/token-refusal.js'
import { TokenVerifier } from '../../identity/token-verifier.js'
import { TokenInvalidError, TokenKeysUnavailableError, TokenRequiredError } from '../../schemas/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Verifies that requests come from the configured push subscription; undefined if none is configured. */
    pushTokens: {
      /**
       * @throws {TokenRequiredError}
       * @throws {TokenInvalidError}
       * @throws {TokenKeysUnavailableError}
       */
      verify: (request: FastifyRequest) => Promise<void>
    } | undefined
  }
}

/** Decorates the instance with the check of the tokens that Google Pub/Sub sends with its messages. */
export default fastifyPlugin(async (app) => {
  const {
    EVENTS_PUBSUB_AUDIENCE: audience, EVENTS_PUBSUB_ACCOUNT: account, EVENTS_PUBSUB_JWKS_URL: keySetUrl, JWT_CLOCK_TOLERANCE,
  } = app.config
  if (audience === undefined || account === undefined) {
    app.decorate('pushTokens', undefined)
    return
  }
  // Fetched with the first token: until one comes, nobody needs them.
  const keySet = new RemoteKeySet(keySetUrl, {
    proxyUrl: proxyFor(keySetUrl, app.config),
    onFailure: (error) => { app.log.warn({ err: error }, 'could not fetch the keys that verify tokens of Pub/Sub') },
  })
  app.addHook('onClose', async () => { await keySet.close() })
  const verifier = new TokenVerifier({
    issuer: GOOGLE_ISSUERS,
    audience,
    clockToleranceMs: JWT_CLOCK_TOLERANCE * 1000,
    findKeys: async (wanted) => {
      if (wanted.algorithm !== GOOGLE_ALGORITHM) throw new TokenRefusedError('it is signed with another algorithm')
      const keys = await keySet.find(wanted)
      if (keys === undefined) throw new TokenKeysUnavailableError()
      if (keys.length === 0) throw new TokenRefusedError('it is signed with an unknown key')
      return keys
    },
  })
  app.decorate('pushTokens', {
    verify: async ({ raw }) => {
      try {
        const token = readBearerToken(headerValues(raw.rawHeaders, 'authorization'))
        if (token === undefined) throw new TokenRequiredError()
        checkPushAccount(await verifier.verify(token), account)
      } catch (error) {
        throw error instanceof TokenRefusedError ? new TokenInvalidError(error.message) : error
      }
    },
  })
}, { name: 'push-tokens', dependencies: ['config'] })
