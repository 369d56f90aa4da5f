import fastifyPlugin from 'fastify-plugin'
import { Client } from 'minio'

declare module 'fastify' {
  interface FastifyInstance {
    minio: Client
  }
}

/** Decorates the instance with the MinIO client, for work on the bucket off the path of downloads. */
export default fastifyPlugin(async (app) => {
  const { endpoint, region, accessKey, secretKey } = app.storeTarget
  const { hostname, port, protocol } = new URL(endpoint)
  const useSSL = protocol === 'https:'
  app.decorate('minio', new Client({
    endPoint: hostname,
    port: Number(port || (useSSL ? 443 : 80)),
    useSSL,
    region,
    accessKey,
    secretKey,
    pathStyle: true,
  }))
}, { name: 'minio', dependencies: ['store-target'] })
