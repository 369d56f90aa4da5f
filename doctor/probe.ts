import type { FastifyInstance } from 'fastify'
import { mintObjectKey } from '../objects/object-key.js'
import { type PresignedRequest, createPresign } from '../store/presigning.js'

/** The organisation of the object that is put into the bucket, and removed from it again. */
export const PROBE_ORG_KEY = 'doctor'
export const REQUEST_TIMEOUT_MS = 10_000

const PROBE_ID = '00000000-0000-4000-8000-000000000000'
const PROBE_BODY = 'Put by the doctor, who removes it again.\n'

/** A new key, which no other examination uses. */
export function mintProbeKey (): string {
  return mintObjectKey({
    orgKey: PROBE_ORG_KEY, workflowId: PROBE_ID, runId: PROBE_ID, createdBy: PROBE_ID, direction: 'outputs', path: 'probe.txt',
  })
}

/** The whole address of a URL that `app.presign` made; the embedded storage's are paths of the service. */
export function addressOf (app: FastifyInstance, presignedUrl: string): string {
  const address = app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return new URL(presignedUrl, `http://127.0.0.1:${port}`).href
}

/**
 * Sends a request as the service does, but once, and whatever the answer; a PUT has a body.
 *
 * @throws what fetch throws, also after ten seconds
 */
export async function sendAsService (
  app: FastifyInstance, request: Pick<PresignedRequest, 'method' | 'objectKey' | 'query'>,
): Promise<Response> {
  const url = createPresign(app.storeTarget)({ ...request, signedAt: new Date(), expiresInSeconds: 60 })
  const response = await fetch(url, {
    method: request.method,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...request.method === 'PUT' ? { body: PROBE_BODY } : {},
  })
  await response.arrayBuffer()
  return response
}
