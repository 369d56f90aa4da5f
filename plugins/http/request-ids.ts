import fastifyPlugin from 'fastify-plugin'

/** Answers every request with its id, which also appears in its log lines. */
export default fastifyPlugin(async (app) => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
}, { name: 'request-ids' })
