import { randomUUID } from 'node:crypto'
import t from 'tap'
import { examineCredentials } from '../../../../doctor/credentials.js'
import { member, runId, startService, workflowId } from '../../../support/service.js'
import { makeFolder, openStore, options } from '../../../support/test-store.js'

t.test('with S3_SESSION_TOKEN the whole service works on a store that asks for it', async (t) => {
  const sessionToken = `${randomUUID()}/+=`
  const store = await openStore(t, await makeFolder(t), { sessionToken })
  const { app, authorise, downloadPath, log } = await startService(t, {
    S3_ENDPOINT: store.endpoint,
    S3_ACCESS_KEY: options.accessKey,
    S3_SECRET_KEY: options.secretKey,
    S3_SESSION_TOKEN: sessionToken,
    S3_BUCKET: options.bucket,
    S3_REGION: options.region,
  })
  const { objectKey, url, headers } = (await app.inject({
    method: 'POST',
    url: '/api/v1/objects/uploads',
    headers: authorise(member),
    payload: { workflowId, runId, direction: 'outputs', fileName: 'a.txt', contentType: 'text/plain' },
  })).json()
  t.equal((await fetch(url, { method: 'PUT', headers, body: 'content' })).status, 200)
  const redirect = await app.inject(downloadPath(objectKey))
  t.equal(redirect.statusCode, 302)
  t.equal(await (await fetch(String(redirect.headers.location))).text(), 'content')
  t.equal((await app.minio.statObject(options.bucket, objectKey)).size, 7)
  t.notMatch(log.join(''), sessionToken)
  t.strictSame(examineCredentials(app), {
    check: 'store-credentials',
    status: 'ok',
    message: 'They come from S3_ACCESS_KEY and S3_SECRET_KEY, and belong to a session whose end is not known.',
  })
})

t.test('the embedded store asks for the token that is set', async (t) => {
  const { app, putFile, downloadPath, follow } = await startService(t, {
    S3_ACCESS_KEY: 'access', S3_SECRET_KEY: 'secret', S3_SESSION_TOKEN: 'token-of-the-session',
  })
  const location = String((await app.inject(downloadPath(await putFile('content')))).headers.location)
  t.equal((await follow(location)).status, 200)
  t.equal((await follow(location.replace('X-Amz-Security-Token=token-of-the-session&', ''))).status, 403)
})
