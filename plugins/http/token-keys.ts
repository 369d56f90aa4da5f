import fastifyPlugin from 'fastify-plugin'
import { proxyFor } from '../../http/proxy.js'
import { RemoteKeySet } from '../../identity/remote-key-set.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The identity provider's keys; undefined if the key is configured. */
    tokenKeys: RemoteKeySet | undefined
  }
}

/** Decorates the instance with the keys of the identity provider that JWT_JWKS_URL names. */
export default fastifyPlugin(async (app) => {
  const { JWT_JWKS_URL } = app.config
  if (JWT_JWKS_URL === undefined) {
    app.decorate('tokenKeys', undefined)
    return
  }
  const tokenKeys = new RemoteKeySet(JWT_JWKS_URL, {
    proxyUrl: proxyFor(JWT_JWKS_URL, app.config),
    onFailure: (error) => { app.log.warn({ err: error }, 'could not fetch the keys that verify tokens') },
  })
  app.decorate('tokenKeys', tokenKeys)
  app.addHook('onClose', async () => { await tokenKeys.close() })
  // Not awaited: an identity provider that is down now may be up before the first token comes.
  tokenKeys.refresh()
}, { name: 'token-keys', dependencies: ['config'] })
