import fastifyPlugin from 'fastify-plugin'
import { hostFault } from '../../http/host.js'
import { InvalidRequestError } from '../../schemas/errors.js'

/** Refuses a request that does not name exactly one host, from which links are also made. */
export default fastifyPlugin(async (app) => {
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const fault = hostFault(raw)
    done(fault === undefined ? undefined : new InvalidRequestError(fault))
  })
}, { name: 'strict-host' })
