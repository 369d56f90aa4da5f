import { randomUUID } from 'node:crypto'
import { Client } from 'minio'
import t from 'tap'
import type { Account } from '../../../../embedded/s3/authentication.js'
import { type Credentials, FixedCredentials } from '../../../../store/credentials.js'
import { type SigningTarget, createPresign } from '../../../../store/presigning.js'
import { makeFolder, openStore } from '../../../support/test-store.js'

/** Requests a file with the given credentials, by a pre-signed URL; returns the status and S3's code. */
async function ask (target: SigningTarget, credentials: Credentials): Promise<[status: number, code: string]> {
  const presign = createPresign({ ...target, credentials: new FixedCredentials(credentials) })
  const response = await fetch(presign({ method: 'GET', objectKey: 'one', signedAt: new Date(), expiresInSeconds: 60 }))
  return [response.status, /<Code>(\w+)/.exec(await response.text())?.[1] ?? '']
}

t.test('a session is admitted only with its token, and until it ends', async (t) => {
  const session = { secretKey: randomUUID(), sessionToken: `${randomUUID()}/+=` }
  const accounts = new Map<string, Account>([['session', session]])
  const { target, presign } = await openStore(t, await makeFolder(t), { findAccount: (accessKey) => accounts.get(accessKey) })
  t.equal((await fetch(presign({ method: 'PUT', objectKey: 'one' }), { method: 'PUT', body: 'one' })).status, 200)
  const account = { accessKey: 'session', ...session }

  t.strictSame(await ask(target, account), [200, ''])
  t.strictSame(await ask(target, { ...account, sessionToken: undefined }), [400, 'InvalidToken'])
  t.strictSame(await ask(target, { ...account, sessionToken: randomUUID() }), [400, 'InvalidToken'])
  t.strictSame(await ask(target, { ...account, secretKey: randomUUID() }), [403, 'SignatureDoesNotMatch'])
  t.strictSame(await ask(target, { ...target.credentials.current, sessionToken: session.sessionToken }), [400, 'InvalidToken'])

  const { hostname, port } = new URL(target.endpoint)
  const { region } = target
  const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, region, ...account, pathStyle: true })
  t.equal((await client.statObject(target.bucket, 'one')).size, 3, 'the token is in a header that is signed')

  accounts.set('session', { ...session, expiresAtMs: Date.now() })
  t.strictSame(await ask(target, account), [400, 'ExpiredToken'])
  accounts.delete('session')
  t.strictSame(await ask(target, account), [403, 'InvalidAccessKeyId'])
})

t.test('the token of a pre-signed URL is part of what is signed', async (t) => {
  const session = { accessKey: 'session', secretKey: randomUUID(), sessionToken: 'a-token' }
  const { presign } = await openStore(t, await makeFolder(t), session)
  const url = presign({ method: 'PUT', objectKey: 'one' })
  t.equal((await fetch(url, { method: 'PUT', body: 'one' })).status, 200)
  t.equal((await fetch(url.replace('=a-token', '=b-token'), { method: 'PUT', body: 'one' })).status, 403)
  t.equal((await fetch(url.replace('X-Amz-Security-Token=a-token&', ''), { method: 'PUT', body: 'one' })).status, 403)
})
