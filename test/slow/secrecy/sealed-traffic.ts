import { request } from 'undici'
import { runId, workflowId } from '../../support/service.js'
import type { Caller } from './traffic.js'

const objects = '/api/v1/objects'

/** Makes share links to a file and to a run, and opens them as they are, changed, and once they are revoked. */
export async function useShares ({ target: { tokens }, watch, ask }: Caller, objectKey: string): Promise<void> {
  const [authorization] = tokens.bearerAuth
  for (const target of [{ objectKey }, { workflowId, runId }]) {
    const made = await ask('POST', `${objects}/shares`, { authorization, json: target })
    if (made?.status !== 201) continue
    const { id, url }: { id: string, url: string } = JSON.parse(made.body.toString())
    const sealed = url.slice(url.lastIndexOf('/') + 1)
    watch.addSecret(sealed)
    const path = `${objects}/shared/${sealed}`
    const open = async () => {
      for (const accept of ['*/*', 'text/html', 'application/json']) await ask('GET', path, { headers: { accept } })
      await ask('GET', path, { headers: { range: 'bytes=9999-', referer: `http://a${path}` } })
      await ask('HEAD', path)
    }
    await open()
    const page = await ask('GET', `${path}?as=json`)
    const { files = [] }: { files?: Array<{ url: string }> } = page?.status === 200 ? JSON.parse(page.body.toString()) : {}
    for (const file of files) watch.addSecret(file.url.slice(file.url.lastIndexOf('/') + 1))
    for (const wrong of [`${path}x`, `${path}/x`, `${path}%zz`, `${path}?cursor=${sealed}`]) await ask('GET', wrong)
    await ask('DELETE', `${objects}/shares/${sealed}`, { authorization })
    await ask('DELETE', `${objects}/shares/${id}`, { authorization })
    await open()
  }
  await ask('GET', `${objects}/shares`, { authorization })
}

/** Fetches archives of a run and of a selection, whole, in parts and wrongly. */
export async function useArchives ({ target: { tokens, objectKeys }, watch, ask }: Caller, objectKey: string): Promise<void> {
  const [authorization] = tokens.bearerAuth
  const made = await ask('POST', `${objects}/archive`, { authorization, json: { objectKeys: [objectKey] } })
  await ask('POST', `${objects}/archive`, { authorization, json: { objectKeys: [...objectKeys, `${objectKey}x`], note: 1 } })
  const { url = '' }: { url?: string } = made?.status === 201 ? JSON.parse(made.body.toString()) : {}
  const sealed = url.slice(url.lastIndexOf('/') + 1)
  if (sealed !== '') watch.addSecret(sealed)
  const run = `${objects}/archive?workflowId=${workflowId}&runId=${runId}`
  for (const archive of [`${run}&format=zip`, `${run}&format=tar`, `${objects}/shared/${sealed}/archive?as=${objectKey}`]) {
    await ask('HEAD', archive, { authorization })
    await ask('GET', archive, { authorization, headers: { range: 'bytes=9-', 'if-range': `"${objectKey}"` } })
    await ask('GET', archive, { authorization, headers: { range: 'bytes=-9' } })
    await ask('GET', archive, { authorization, headers: { range: 'bytes=999999999-' } })
    await ask('GET', archive, { authorization, headers: { 'if-match': `"${objectKey}"`, referer: `http://a${archive}` } })
  }
  for (const wrong of [`${run}&prefix=${objectKey}`, `${run}&prefix=%00${objectKey}`, `${run}&format=${objectKey}`, `${run}&objectKey=${objectKey}`]) {
    await ask('GET', wrong, { authorization })
  }
}

/** Begins an upload in parts, uses its id rightly and wrongly, and aborts it. */
export async function useParts ({ target: { tokens }, watch, ask }: Caller, path: string): Promise<void> {
  const [authorization] = tokens.bearerAuth
  const begun = await ask('POST', `${objects}/uploads`, {
    authorization,
    json: { workflowId, runId, direction: 'inputs', path, contentType: 'text/plain', multipart: true, sizeBytes: 4 },
  })
  if (begun?.status !== 201) return
  const { objectKey, uploadId, parts: [part] }: { objectKey: string, uploadId: string, parts: Array<{ url: string }> } =
    JSON.parse(begun.body.toString())
  watch.addObjectKey(objectKey)
  watch.addSecret(uploadId)
  const put = await request(part?.url ?? '', { method: 'PUT', body: 'text' })
  await put.body.dump()
  await ask('GET', `${objects}/uploads/parts?uploadId=${uploadId}`, { authorization })
  for (const id of [uploadId, `${uploadId}x`]) {
    await ask('POST', `${objects}/uploads/parts`, { authorization, json: { uploadId: id, partNumbers: [1] } })
    await ask('POST', `${objects}/uploads/complete`, {
      authorization, json: { uploadId: id, parts: [{ partNumber: 1, entityTag: objectKey }] },
    })
    await ask('DELETE', `${objects}/uploads?uploadId=${id}`, { authorization })
  }
}
