/* A download that asks PostgreSQL about each request and answers a fixed 302. A rival for redirects.ts. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify from 'fastify'
import pg from 'pg'
import { serverOptions } from '../../app.js'
import { loggerOptions } from '../../logging.js'
import { DownloadQuerySchema } from '../../schemas/download.js'

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
await pool.query('create table files (object_key text primary key, size_bytes bigint)')
const app = fastify({ logger: loggerOptions('info'), ...serverOptions }).withTypeProvider<TypeBoxTypeProvider>()
app.get('/api/v1/objects/download', { schema: { querystring: DownloadQuerySchema } }, async (request, reply) => {
  await pool.query('select size_bytes from files where object_key = $1', [request.query.objectKey])
  return await reply.status(302).header('location', `http://127.0.0.1:9000/objects/${'x'.repeat(650)}`).send()
})
await app.listen({ host: '127.0.0.1', port: 0 })
process.once('SIGTERM', () => { process.exit(0) })
