import fastifyPlugin from 'fastify-plugin'

/** Answers every request with its id, which is also in its lines of the log. */
export default fastifyPlugin(async (app) => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
}, { name: 'request-ids' })
