import t from 'tap'
import { startDownloadService } from '../../../../../support/download-service.js'
import { parseObjectKey } from '../../../../../../objects/object-key.js'
import { member } from '../../../../../support/service.js'
import { storeKinds } from '../../../../../support/stores.js'

for (const kind of storeKinds) {
  t.test(`at level trace the log of downloads from the ${kind.name} holds no secret`, { skip: kind.skip }, async (t) => {
    const secrets = new Map<string, string>()
    for (const mode of ['redirect', 'stream']) {
      await t.test(`mode ${mode}`, async (t) => {
        const service = await startDownloadService(t, kind, {
          DOWNLOAD_MODE: mode, EXISTENCE_TTL: '0', S3_FIRST_BYTE_TIMEOUT: '0.1', STREAM_IDLE_TIMEOUT: '0.1',
        })
        const { ask, open, proxy, putFile, downloadPath, log, app } = service
        const objectKey = await putFile(Buffer.alloc(1024 ** 2), { fileName: 'Geheim 秘密.html', contentType: 'text/html' })
        const { authorization } = service.authorise(member)
        const path = downloadPath(objectKey)
        const inline = downloadPath(objectKey, 'inline')
        const url = new URL(String(Object(JSON.parse((await ask(path, { headers: { accept: 'application/json' } })).body.toString())).url))
        secrets.set('the object key', objectKey)
        secrets.set('the object key, encoded', encodeURIComponent(objectKey))
        secrets.set('its token', parseObjectKey(objectKey)?.token ?? '')
        secrets.set('the file name', 'Geheim')
        secrets.set('a signature', url.searchParams.get('X-Amz-Signature') ?? '')
        secrets.set('any signature', 'X-Amz-Signature')
        secrets.set('the bearer token', authorization.slice('Bearer '.length))
        secrets.set('the secret key', app.storeTarget.credentials.current.secretKey)

        for (const headers of [{ authorization }, { range: 'bytes=0-9' }, { 'if-none-match': '*' }, { 'if-match': '"other"' }]) {
          for (const method of ['GET', 'HEAD'] as const) {
            await ask(path, { method, headers })
            await ask(inline, { method, headers })
          }
        }
        const encoded = encodeURIComponent(objectKey)
        for (const malformed of [
          `/api/v1/objects/download?objectKey=${encoded}%zz`, `/api/v1/objects/download?objectKey=${encoded}&type=${encoded}`,
          `/api/v1/objects/download?objectKey=${encoded}&objectKey=${encoded}`, `/api/v1/objects/download?objectKey=${encoded}&${encoded}=1`,
          `/api/v1/objects/download/${encoded}`, `/${encoded}%zz`, `/%zz?objectKey=${encoded}`, `/api/v1/objects/download?objectKey=${encoded}%00`,
          `/api/v1/objects/download?objectKey=${encoded}x`,
        ]) await ask(malformed)
        for (const fault of [
          { kind: 'reset' }, { kind: 'mute' }, { kind: 'answer', statusCode: 503, code: 'SlowDown' },
          { kind: 'answer', statusCode: 403, code: 'SignatureDoesNotMatch' }, { kind: 'truncate', afterBytes: 1000 },
          { kind: 'stall', afterBytes: 1000 }, { kind: 'truncate', afterBytes: 0 }, { kind: 'omit', header: 'content-length' },
        ] as const) {
          proxy.inject(fault)
          await ask(path)
          await open(inline).then(({ body }) => body.arrayBuffer()).catch(() => {})
          await ask(path, { method: 'HEAD' })
          proxy.heal()
        }

        const text = log.join('')
        t.ok(text.includes('request completed') && text.includes('Object storage'), 'the log is that of all this')
        for (const [name, secret] of secrets) t.notOk(secret === '' || text.includes(secret), name)
      })
    }
  })
}
