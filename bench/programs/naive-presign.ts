/* The simplest download: a Fastify route that has minio-js sign a URL for every request. A rival for redirects.ts. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify from 'fastify'
import { Client } from 'minio'
import { serverOptions } from '../../app.js'
import { loggerOptions } from '../../logging.js'
import { DownloadQuerySchema } from '../../schemas/download.js'

const { S3_ENDPOINT = '', S3_BUCKET = '', S3_ACCESS_KEY = '', S3_SECRET_KEY = '' } = process.env
const { hostname, port } = new URL(S3_ENDPOINT)
const minio = new Client({
  endPoint: hostname, port: Number(port), useSSL: false, accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY, region: 'us-east-1',
})
const app = fastify({ logger: loggerOptions('info'), ...serverOptions }).withTypeProvider<TypeBoxTypeProvider>()
app.get('/api/v1/objects/download', { schema: { querystring: DownloadQuerySchema } }, async (request, reply) =>
  await reply.status(302).header('location', await minio.presignedGetObject(S3_BUCKET, request.query.objectKey, 300)).send())
await app.listen({ host: '127.0.0.1', port: 0 })
process.once('SIGTERM', () => { process.exit(0) })
