import { createClient } from './sdk/client/index.js'
import { createUpload, downloadFile, type ErrorCode, readStorageUsage } from './sdk/index.js'

/** A service, and what the driver must wait for between an upload and the usage that includes it. */
export interface Service {
  baseUrl: string
  token: string
  usageSettled: () => Promise<void>
}

const file = {
  workflowId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10',
  runId: '9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3',
  direction: 'outputs',
  fileName: 'hello.txt',
  contentType: 'text/plain',
} as const

function connect ({ baseUrl, token }: Service) {
  return createClient({ baseUrl, auth: token, headers: { Accept: 'application/json' } })
}

/** Uploads a file, downloads it and reads the usage. */
export async function followFile (service: Service, content: string) {
  const client = connect(service)
  const upload = await createUpload({ client, body: file })
  if (upload.error) throw new Error(upload.error.message)
  const { objectKey, url, headers } = upload.data
  const { status } = await fetch(url, { method: 'PUT', headers, body: content })

  const link = await downloadFile({ client, query: { objectKey, type: 'inline' } })
  if (link.error) throw new Error(link.error.message)
  // The type covers every kind of answer, of which the Accept header selects one.
  if (link.data instanceof Blob) throw new Error('The service sent bytes to one who accepts JSON alone.')
  const { fileName, bytes, contentType } = link.data
  const downloaded = await (await fetch(link.data.url)).text()

  await service.usageSettled()
  const usage = await readStorageUsage({ client })
  if (usage.error) throw new Error(usage.error.message)
  const { totalBytes, fileCount, breakdown: [workflow] } = usage.data
  return { status, fileName, bytes, contentType, downloaded, totalBytes, fileCount, workflowBytes: workflow?.bytes }
}

/** The error codes of what the service refuses. */
export async function collectErrorCodes (service: Service): Promise<Array<ErrorCode | undefined>> {
  const client = connect(service)
  const missing = await downloadFile({ client, query: { objectKey: 'none/of/ours' } })
  const { code } = missing.error ?? {}
  const found: 'OBJECT_NOT_FOUND' | undefined = code === 'OBJECT_NOT_FOUND' ? code : undefined
  // @ts-expect-error: there is no such code
  if (code === 'OBJECT_MISLAID') throw new Error('There is such a code.')

  // @ts-expect-error: an objectKey is required
  const keyless = await downloadFile({ client, query: {} })
  // @ts-expect-error: there is no such direction
  const sideways = await createUpload({ client, body: { ...file, direction: 'sideways' } })
  const nobody = await readStorageUsage({ client: connect({ ...service, token: '' }) })
  return [found, keyless.error?.code, sideways.error?.code, nobody.error?.code]
}
