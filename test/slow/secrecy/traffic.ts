import { once } from 'node:events'
import { connect } from 'node:net'
import { request } from 'undici'
import type { Answer, FuzzRequest, Target } from '../fuzz/target.js'
import { runId, workflowId } from '../../support/service.js'
import { useArchives, useParts, useShares } from './sealed-traffic.js'
import type { Watch } from './watch.js'

const objects = '/api/v1/objects'
const fileName = 'Vertraulich – 秘密 100%.txt'
const path = `Ordner für 秘密/2026 +1%/${fileName}`

interface RequestOptions {
  authorization?: string | undefined
  json?: unknown
  headers?: Record<string, string>
}

export interface Caller {
  target: Target
  watch: Watch
  /** Sends a request and shows the answer to the watch; undefined if it is incomplete. */
  ask: (method: string, path: string, options?: RequestOptions) => Promise<Answer | undefined>
}

/** Makes requests to the service, and shows every answer to the watch. */
export function createCaller (target: Target, watch: Watch): Caller {
  watch.addSecret(fileName)
  watch.addSecret(path)
  return {
    target,
    watch,
    ask: async (method, path, { authorization, json, headers = {} } = {}) => {
      const sent: FuzzRequest = {
        method,
        path,
        headers: {
          ...headers,
          ...authorization === undefined ? {} : { authorization },
          ...json === undefined ? {} : { 'content-type': 'application/json' },
        },
        ...json === undefined ? {} : { body: Buffer.from(JSON.stringify(json)).toString('latin1') },
      }
      // A stream that the store cuts off has no complete answer.
      const answer = await target.send(sent).catch(() => undefined)
      if (answer !== undefined) watch.see(answer)
      return answer
    },
  }
}

/** Uses everything that the service does, rightly and wrongly, in every role; returns whether an upload was completed. */
export async function useEverything (caller: Caller): Promise<boolean> {
  const { target: { objectKeys, tokens }, ask } = caller
  const [member, , service] = tokens.bearerAuth
  await ask('PUT', `${objects}/quota`, { authorization: service, json: { quotaBytes: null } })
  const uploaded = await upload(caller)
  const keys = uploaded === undefined ? objectKeys : [uploaded, ...objectKeys]
  for (const objectKey of keys) await download(caller, objectKey)
  const [objectKey = ''] = keys
  for (const type of ['attachment', 'inline']) await ask('POST', `${objects}/links`, { json: { objectKeys: [...keys, `${objectKey}x`], type } })
  await useShares(caller, objectKey)
  await useArchives(caller, objectKey)
  await useParts(caller, path)
  await notify(caller, objectKey)
  for (const authorization of tokens.bearerAuth) await askForUsage(caller, authorization, objectKey)
  await misuse(caller, objectKey)
  for (const authorization of [service, member, member]) {
    await ask('DELETE', `${objects}?objectKey=${encodeURIComponent(uploaded ?? objectKey.replace('AAAA', 'BBBB'))}`, { authorization })
  }
  return uploaded !== undefined
}

/** Uses everything that asks the object store, with `before` called before each use. */
export async function useStore (caller: Caller, before: () => unknown): Promise<void> {
  const { target: { objectKeys, tokens, downloadPath }, ask } = caller
  const [objectKey = '', , page = ''] = objectKeys
  const [authorization] = tokens.bearerAuth
  for (const use of [
    () => ask('GET', downloadPath(objectKey)),
    () => ask('GET', downloadPath(page, 'inline')),
    () => ask('HEAD', downloadPath(objectKey)),
    () => ask('GET', `${objects}/archive?workflowId=${workflowId}&runId=${runId}`, { authorization }),
    () => ask('POST', `${objects}/links`, { json: { objectKeys } }),
    () => ask('DELETE', `${objects}?objectKey=${encodeURIComponent(objectKey)}`, { authorization }),
    () => notify(caller, objectKey),
  ]) {
    await before()
    await use()
  }
}

/** Has a key minted and puts a file to it; undefined if that fails. */
async function upload ({ target: { tokens }, watch, ask }: Caller): Promise<string | undefined> {
  const [authorization] = tokens.bearerAuth
  const minted = await ask('POST', `${objects}/uploads`, {
    authorization, json: { workflowId, runId, direction: 'inputs', path, contentType: 'text/plain', sizeBytes: 4 },
  })
  if (minted?.status !== 201) return undefined
  const { objectKey, url }: { objectKey: string, url: string } = JSON.parse(minted.body.toString())
  watch.addObjectKey(objectKey)
  const put = await request(url, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: 'text' })
  await put.body.dump()
  return put.statusCode === 200 ? objectKey : undefined
}

async function download ({ target, ask }: Caller, objectKey: string): Promise<void> {
  for (const type of ['attachment', 'inline'] as const) {
    const path = target.downloadPath(objectKey, type)
    const answer = await ask('GET', path)
    if (answer?.headers.location !== undefined) await (await request(answer.headers.location)).body.dump()
    await ask('GET', path, { headers: { range: 'bytes=0-1', referer: `http://a${path}` } })
    await ask('GET', path, { headers: { range: 'bytes=9999-', 'if-match': `"${target.app.storeTarget.credentials.current.secretKey}"` } })
    await ask('GET', path, { headers: { accept: 'application/json' } })
    await ask('HEAD', path)
  }
}

async function notify ({ target: { app, tokens }, ask }: Caller, objectKey: string): Promise<void> {
  const record = (key: string, size: unknown) => ({
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    eventTime: new Date().toISOString(),
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: app.storeTarget.bucket }, object: { key, size, eTag: 'e', sequencer: '01' } },
  })
  const path = `${objects}/events`
  for (const authorization of tokens.eventsToken) {
    await ask('POST', path, { authorization, json: { Records: [record(encodeURIComponent(objectKey), 4), record(objectKey, 'x'), record(`${objectKey}/x`, 4)] } })
    await ask('POST', path, { authorization: `${authorization}x`, json: { Records: [] } })
  }
  await ask('POST', path, { authorization: tokens.eventsToken[0], json: objectKey })
}

async function askForUsage ({ ask }: Caller, authorization: string, objectKey: string): Promise<void> {
  const encoded = encodeURIComponent(objectKey)
  const get = (path: string) => ask('GET', `${objects}${path}`, { authorization })
  await get('/storage-usage')
  await get(`/storage-usage?createdBy=${encoded}`)
  await get('/storage-usage/history')
  await get(`/storage-usage/history?from=${encoded}`)
  await get(`?workflowId=${workflowId}&runId=${runId}`)
  await get(`?workflowId=${workflowId}&runId=${runId}&cursor=${encoded}`)
  await ask('PUT', `${objects}/workflows/${workflowId}`, { authorization, json: { name: objectKey } })
  await ask('PUT', `${objects}/workflows/${encoded}`, { authorization, json: { name: 1, [objectKey]: objectKey } })
  for (const quotaBytes of [objectKey, 1, null]) {
    await ask('PUT', `${objects}/quota`, { authorization, json: { quotaBytes } })
    await ask('POST', `${objects}/uploads`, {
      authorization, json: { workflowId, runId, direction: 'inputs', path, contentType: 'text/plain', sizeBytes: 4 },
    })
  }
  await ask('POST', `${objects}/reconcile`, { authorization })
  await get('/reconcile')
}

/** Sends secrets where they do not belong. */
async function misuse ({ target: { origin, tokens }, watch, ask }: Caller, objectKey: string): Promise<void> {
  const encoded = encodeURIComponent(objectKey)
  for (const authorization of tokens.bearerAuth) {
    const token = authorization.slice('Bearer '.length)
    await ask('GET', `${objects}/storage-usage`, { authorization: `${authorization}x` })
    await ask('GET', `${objects}/storage-usage`, { authorization: `Basic ${token}` })
    await ask('GET', `${objects}/storage-usage?token=${token}`, { headers: { cookie: `token=${token}` } })
    await ask('GET', `/usage?token=${token}`)
    await ask('GET', `/${token}/${encoded}`, { headers: { 'x-request-id': encoded } })
  }
  await ask('GET', `/${encoded}/%zz`)
  await ask('GET', `${objects}/download?objectKey=${encoded}&objectKey=${encoded}`)
  await ask('GET', `${objects}/download?objectKey=${encoded}&type=${encoded}`)
  await ask('POST', `${objects}/links`, { json: { objectKeys: objectKey, [objectKey]: objectKey } })
  await ask('POST', `${objects}/${encoded}`, { json: { objectKey } })
  watch.hear(await exchange(origin, `GET ${objects}/download?objectKey=${encoded} HTTP/1.1\r\n${encoded}\r\n\r\n`))
  watch.hear(await exchange(origin, `GET ${objects}/download?objectKey=${encoded} HTTP/1.1\r\nx: ${encoded.repeat(200)}\r\n\r\n`))
}

/** Sends what may not be HTTP, and returns what comes back until the service closes the connection. */
async function exchange (origin: string, sent: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  let answer = ''
  // An oversized request is refused before all of it is read, which resets the connection.
  socket.on('error', () => {}).on('data', (data) => { answer += data.toString() })
  socket.write(sent)
  await once(socket, 'close')
  return answer
}
