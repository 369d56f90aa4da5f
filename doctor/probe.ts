import type { FastifyInstance } from 'fastify'
import { mintObjectKey } from '../objects/object-key.js'
import { type PresignedRequest, createPresign } from '../store/presigning.js'

/** The organisation of the object that is put into the bucket and removed again. */
export const PROBE_ORG_KEY = 'doctor'

const PROBE_ID = '00000000-0000-4000-8000-000000000000'
const PROBE_BODY = 'Put by the doctor, who removes it again.\n'

/** A new key that no other examination uses. */
export function mintProbeKey (): string {
  return mintObjectKey({
    orgKey: PROBE_ORG_KEY, workflowId: PROBE_ID, runId: PROBE_ID, createdBy: PROBE_ID, direction: 'outputs', path: 'probe.txt',
  })
}

/** The absolute form of a URL that `app.presign` made; the embedded storage's URLs are paths of the service. */
export function addressOf (app: FastifyInstance, presignedUrl: string): string {
  const address = app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return new URL(presignedUrl, `http://127.0.0.1:${port}`).href
}

/** What the object storage answered. */
export type StoreAnswer = Awaited<ReturnType<FastifyInstance['fetchFromStore']>>

/**
 * Sends a request as the service does, but only once, whatever the answer; a PUT has a body.
 *
 * @throws what fetch throws, also after ten seconds
 */
export async function sendAsService (
  app: FastifyInstance, request: Pick<PresignedRequest, 'method' | 'objectKey' | 'query'>,
): Promise<StoreAnswer> {
  const response = await ask(app, request)
  await response.arrayBuffer()
  return response
}

/**
 * The S3 error code with which the object storage refuses to list a file; empty if it lists one.
 *
 * @throws like `sendAsService`
 */
export async function readErrorCodeAsService (app: FastifyInstance): Promise<string> {
  const { keyPrefix = '' } = app.storeTarget
  const response = await ask(app, {
    method: 'GET', objectKey: '', query: { 'list-type': '2', 'max-keys': '1', ...keyPrefix === '' ? {} : { prefix: keyPrefix } },
  })
  return /<Code>(\w{1,64})<\/Code>/.exec(await response.text())?.[1] ?? ''
}

async function ask (
  app: FastifyInstance, request: Pick<PresignedRequest, 'method' | 'objectKey' | 'query'>,
): Promise<StoreAnswer> {
  const url = createPresign(app.storeTarget)({ ...request, signedAt: new Date(), expiresInSeconds: 60 })
  return await app.fetchFromStore(url, { method: request.method, ...request.method === 'PUT' ? { body: PROBE_BODY } : {} })
}
