import fastifyPlugin from 'fastify-plugin'
import { ensureEmbeddedSecrets } from '../embedded/secrets.js'
import type { SealingSecrets } from '../sealing/sealed-text.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** What only this service and its replicas know. */
    secrets: {
      /** Signs and verifies tokens; undefined where someone else signs them. */
      token: string | undefined
      /** Seals what clients keep for the service. */
      service: SealingSecrets
    }
  }
}

/** Decorates the instance with its secrets: those that are configured, or those of its data directory. */
export default fastifyPlugin(async (app) => {
  const { JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL, SERVICE_SECRET, SERVICE_SECRET_PREVIOUS } = app.config
  const { S3_ENDPOINT, S3_SECRET_KEY, DATA_DIR } = app.config
  const signsTokens = JWT_PUBLIC_KEY === undefined && JWT_JWKS_URL === undefined
  // Replicas share the store's secret key, but no folder.
  const storeSecret = S3_ENDPOINT === undefined ? undefined : S3_SECRET_KEY
  if (SERVICE_SECRET === undefined && storeSecret !== undefined) {
    app.log.warn('SERVICE_SECRET is not set: what clients keep for the service, such as cursors, is sealed with a key that is derived ' +
      'from S3_SECRET_KEY, and ends with it')
  }
  app.decorate('secrets', {
    token: signsTokens ? JWT_SECRET ?? ensureEmbeddedSecrets(DATA_DIR).tokenSecret : undefined,
    service: {
      current: SERVICE_SECRET ?? storeSecret ?? ensureEmbeddedSecrets(DATA_DIR).serviceSecret,
      previous: SERVICE_SECRET_PREVIOUS,
    },
  })
}, { name: 'secrets', dependencies: ['config', 'data-directory'] })
