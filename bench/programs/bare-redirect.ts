/*
 * The least that a redirect can cost: a bare Fastify route with a fixed 302, under the service's logger and settings, which
 * checks its query as the service must. For redirects.ts.
 */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify from 'fastify'
import { serverOptions } from '../../app.js'
import { loggerOptions } from '../../logging.js'
import { DownloadQuerySchema } from '../../schemas/download.js'

const location = `http://127.0.0.1:9000/objects/${'x'.repeat(250)}?X-Amz-Signature=${'0'.repeat(400)}`
const app = fastify({ logger: loggerOptions('info'), ...serverOptions }).withTypeProvider<TypeBoxTypeProvider>()
app.get('/api/v1/objects/download', { schema: { querystring: DownloadQuerySchema } }, async (_request, reply) =>
  await reply.status(302).header('location', location).send())
await app.listen({ host: '127.0.0.1', port: 0 })
process.once('SIGTERM', () => { process.exit(0) })
