import { hash, timingSafeEqual } from 'node:crypto'
import fastifyPlugin from 'fastify-plugin'
import { ensureEmbeddedSecrets } from '../embedded/secrets.js'
import { Overlap } from '../identity/overlap.js'
import { RotatingSecrets, type SealingSecrets } from '../sealing/rotating-secrets.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** What only this service and its replicas know. */
    secrets: {
      /** The secret that signs and verifies tokens, as it was at the start; undefined if someone else signs them. */
      token: string | undefined
      /** The secrets that seal what clients keep for the service. */
      service: SealingSecrets
      /** Whether the service has a secret of its own, rather than one derived from the credentials of its storage. */
      isServiceOwn: boolean
      /** Whether this is the token that the object storage must send with its notifications; never true if none is set. */
      isEventsToken: (sent: string) => boolean
    }
  }
}

/**
 * Decorates the instance with its secrets: the configured ones, or those of its data directory. They follow changes of their
 * files.
 */
export default fastifyPlugin(async (app) => {
  const { JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL, SERVICE_SECRET, SERVICE_SECRET_PREVIOUS, EVENTS_TOKEN } = app.config
  const { S3_ENDPOINT, S3_SECRET_KEY, DATA_DIR, SECRET_OVERLAP } = app.config
  const overlapMs = SECRET_OVERLAP * 1000
  const signsTokens = JWT_PUBLIC_KEY === undefined && JWT_JWKS_URL === undefined
  // Replicas share the store's secret key, but not a folder.
  const storeSecret = S3_ENDPOINT === undefined ? undefined : S3_SECRET_KEY
  if (SERVICE_SECRET === undefined && storeSecret !== undefined) {
    app.log.warn('SERVICE_SECRET is not set: what clients keep for the service, such as cursors, is sealed with a key that is derived ' +
      'from S3_SECRET_KEY, and ends with it')
  }
  const service = new RotatingSecrets(
    SERVICE_SECRET ?? storeSecret ?? ensureEmbeddedSecrets(DATA_DIR).serviceSecret, SERVICE_SECRET_PREVIOUS)
  const eventsTokens = EVENTS_TOKEN === undefined ? undefined : new Overlap(sha256(EVENTS_TOKEN), overlapMs)
  app.decorate('secrets', {
    token: signsTokens ? JWT_SECRET ?? ensureEmbeddedSecrets(DATA_DIR).tokenSecret : undefined,
    service,
    isServiceOwn: SERVICE_SECRET !== undefined || storeSecret === undefined,
    isEventsToken: (sent) => {
      const hashed = sha256(sent)
      return eventsTokens?.at(Date.now()).some((expected) => timingSafeEqual(hashed, expected)) === true
    },
  })

  let sealing: NodeJS.Timeout | undefined
  app.addHook('onClose', async () => { clearTimeout(sealing) })
  app.secretFiles.on('change', (config, names) => {
    if (names.has('EVENTS_TOKEN') && config.EVENTS_TOKEN !== undefined) eventsTokens?.replace(sha256(config.EVENTS_TOKEN), Date.now())
    const { SERVICE_SECRET: next, SERVICE_SECRET_PREVIOUS: previous } = config
    if (names.has('SERVICE_SECRET_PREVIOUS') && previous !== undefined) service.accept(previous)
    if (!names.has('SERVICE_SECRET') || next === undefined) return
    service.accept(next)
    clearTimeout(sealing)
    sealing = setTimeout(() => { service.sealWith(next) }, overlapMs).unref()
  })
}, { name: 'secrets', dependencies: ['config', 'data-directory', 'secret-files'] })

function sha256 (text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
