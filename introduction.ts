import type { FastifyInstance } from 'fastify'
import { nameWorkflow } from './db/workflows.js'
import { seedDemoOrganisation } from './embedded/demo-organisation.js'
import { writeClaims } from './schemas/token-claims.js'

/**
 * Makes the demo organisation on the first start, waits until its files are counted, and tells a newcomer where to look.
 *
 * @param address the service's origin
 * @returns lines for the terminal; they hold a token and an object key, so they are for nowhere else
 */
export async function introduce (app: FastifyInstance, address: string): Promise<string> {
  const { bucket } = app.storeTarget
  const demo = await seedDemoOrganisation(app.config.DATA_DIR, {
    putObject: async (objectKey, body, contentType) => {
      await app.minio.putObject(bucket, objectKey, body, body.length, { 'Content-Type': contentType })
    },
    nameWorkflow: async (orgKey, workflowId, name) => { await nameWorkflow(app.database, { orgKey, workflowId, name }) },
  })
  await app.bucketEvents.settled()
  const token = app.jwt.sign(
    writeClaims({ userId: demo.admin, orgKey: demo.orgKey, role: 'admin' }, app.claimNames), { expiresIn: '30d' })
  const objects = `${address}/api/v1/objects`
  return `
Objects & Storage runs at ${address}
Usage page:       ${address}/usage#token=${token}
Swagger UI:       ${address}/documentation
A file to get:    ${objects}/download?objectKey=${encodeURIComponent(demo.showcase)}
A token (30 days, for development only):
  ${token}
What the demo organisation stores:
  curl -H 'Authorization: Bearer ${token}' ${objects}/storage-usage
`
}
