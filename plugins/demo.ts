import fastifyPlugin from 'fastify-plugin'
import { nameWorkflows } from '../db/usage/workflow-names.js'
import { writeClaims } from '../schemas/token-claims.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Creates the demo organisation if it does not exist yet, and tells a newcomer where to look.
     *
     * @param address the service's origin
     * @returns lines for the terminal only, since they contain a token and an object key
     */
    introduce: (address: string) => Promise<string>
  }
}

/** Decorates the instance with the demo organisation, which a service without any configuration shows. */
export default fastifyPlugin(async (app) => {
  app.decorate('introduce', async (address) => {
    // Loaded only if it is used.
    const { introduce } = await import('../embedded/demo/introduction.js')
    return await introduce({
      dataDirectory: app.config.DATA_DIR,
      address,
      putObject: async (objectKey, body, contentType) => {
        await app.minio.putObject(app.storeTarget.bucket, objectKey, body, body.length, { 'Content-Type': contentType })
      },
      countTogether: async (work) => await app.countTogether(work),
      nameWorkflows: async (orgKey, workflows) => { await nameWorkflows(app.database, orgKey, workflows) },
      settled: async () => { await app.bucketEvents.settled() },
      signToken: (caller) => app.jwt.sign(writeClaims(caller, app.claimNames, app.roleValues), { expiresIn: '30d' }),
    })
  })
}, { name: 'demo', dependencies: ['config', 'minio', 'store-target', 'database', 'bucket-events', 'store-events', 'jwt'] })
