import { readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { build } from '../../../../app.js'
import { loadConfig } from '../../../../config.js'
import { examineAddressing } from '../../../../doctor/addressing.js'
import { examineBucket } from '../../../../doctor/bucket.js'
import { ObjectStorageUnavailable } from '../../../../store/failures.js'
import { type Certificate, openCertificates } from '../../../support/certificates.js'
import { startForwardProxy } from '../../../support/forward-proxy.js'
import { makeKey, startIssuer } from '../../../support/issuer.js'
import { listenLocally } from '../../../support/listen.js'
import { startService } from '../../../support/service.js'
import { openEmbeddedStore } from '../../../support/stores.js'

// Nothing here needs a database.
const noDatabase = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
const names = 'DNS:store.test,IP:127.0.0.1'
const certificates = await openCertificates()
t.teardown(certificates.remove)
const authority = await certificates.makeAuthority('storage')
const server = await certificates.sign(authority, 'store.test', names)
const client = await certificates.sign(authority, 'the service')

const store = await openEmbeddedStore()
t.teardown(store.close)

/** A TLS front end for the store, which asks for a client certificate if it is given an authority. */
async function startFront (t: Test, { certificate, key }: Certificate, clientAuthority?: Certificate): Promise<string> {
  const { hostname, port } = new URL(store.endpoint)
  const front = createServer({
    cert: await readFile(certificate),
    key: await readFile(key),
    ...clientAuthority === undefined
      ? {}
      : { ca: await readFile(clientAuthority.certificate), requestCert: true, rejectUnauthorized: true },
  }, (message, response) => {
    const { method, url, headers } = message
    const outgoing = request({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(response)
    })
    outgoing.on('error', () => { response.destroy() })
    message.pipe(outgoing)
  })
  const origin = await listenLocally(t, front)
  return origin.replace('http:', 'https:')
}

// The machine may be busy with other tests.
const patient = { DOWNLOAD_MODE: 'stream', S3_CONNECT_TIMEOUT: '30', S3_FIRST_BYTE_TIMEOUT: '30' }
const start = async (t: Test, environment: Record<string, string>) =>
  await startService(t, { ...noDatabase, ...store.environment, ...patient, ...environment })

/** Puts a file, then reads and lists it with 60 concurrent requests. */
async function use (t: Test, environment: Record<string, string>): Promise<void> {
  const { app, putFile, downloadPath } = await start(t, environment)
  const key = await putFile('reached')
  const answers = await Promise.all(Array.from({ length: 60 }, async () => (await app.inject(downloadPath(key))).body))
  t.strictSame(new Set(answers), new Set(['reached']))
  for await (const { objects } of app.listBucket({ prefix: key, startAfter: '' })) t.equal(objects[0]?.objectKey, key)
  const response = await app.fetchFromStore(environment.S3_ENDPOINT ?? '')
  t.equal(response.status, 403)
  await response.arrayBuffer()
}

/** @returns what the log says about why the store cannot be reached */
async function failToUse (t: Test, environment: Record<string, string>): Promise<string> {
  const { app } = await start(t, environment)
  const failure = await app.objectStorage.head('k').then(() => undefined, (error: unknown) => error)
  t.ok(failure instanceof ObjectStorageUnavailable)
  return failure instanceof Error ? failure.message : ''
}

t.test('over TLS, the store\'s certificate must come from S3_CA', async (t) => {
  const S3_ENDPOINT = await startFront(t, server)
  await use(t, { S3_ENDPOINT, S3_CA: authority.certificate })
  t.match(await failToUse(t, { S3_ENDPOINT }), /UNABLE_TO_VERIFY_LEAF_SIGNATURE/)
  const other = await certificates.makeAuthority('another')
  t.match(await failToUse(t, { S3_ENDPOINT, S3_CA: other.certificate }), /UNABLE_TO_VERIFY_LEAF_SIGNATURE/)
})

t.test('where the store asks for a certificate, it is shown S3_CLIENT_CERT', async (t) => {
  const S3_ENDPOINT = await startFront(t, server, authority)
  const environment = { S3_ENDPOINT, S3_CA: authority.certificate }
  await use(t, { ...environment, S3_CLIENT_CERT: client.certificate, S3_CLIENT_KEY: client.key })
  t.match(await failToUse(t, environment), /ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED|ECONNRESET|UND_ERR_SOCKET|kept failing/)
})

t.test('a store of https is reached by a tunnel of HTTPS_PROXY, which alone knows its name', async (t) => {
  const front = await startFront(t, server)
  const proxy = await startForwardProxy(t, { 'store.test': Number(new URL(front).port) })
  const HTTPS_PROXY = proxy.address.replace('://', '://user:pass%40word@')
  const environment = { S3_ENDPOINT: 'https://store.test:9443', S3_CA: authority.certificate }
  await use(t, { ...environment, HTTPS_PROXY })
  t.strictSame(proxy.asked, new Set(['tunnel store.test:9443']))
  t.strictSame(proxy.authorizations, new Set([`Basic ${Buffer.from('user:pass@word').toString('base64')}`]))

  proxy.asked.clear()
  t.match(await failToUse(t, { ...environment, HTTPS_PROXY, NO_PROXY: 'test' }), /ENOTFOUND|EAI_AGAIN/)
  t.match(await failToUse(t, { ...environment, HTTP_PROXY: proxy.address }), /ENOTFOUND|EAI_AGAIN/)
  t.equal(proxy.asked.size, 0)
  t.match(await failToUse(t, { S3_ENDPOINT: 'https://unknown.test', HTTPS_PROXY }), /UND_ERR_ABORTED/)
})

t.test('one of http is asked through HTTP_PROXY', async (t) => {
  const proxy = await startForwardProxy(t, { 'store.test': Number(new URL(store.endpoint).port) })
  await use(t, { S3_ENDPOINT: 'http://store.test:9000', http_proxy: proxy.address })
  t.strictSame(proxy.asked, new Set(['request store.test:9000']))
})

t.test('a proxy that does not answer is not waited for longer than the store', async (t) => {
  const proxy = await startForwardProxy(t, {})
  proxy.isMute = true
  const bounds = { S3_CONNECT_TIMEOUT: '0.2', S3_FIRST_BYTE_TIMEOUT: '0.2', HTTPS_PROXY: proxy.address, HTTP_PROXY: proxy.address }
  for (const S3_ENDPOINT of ['https://store.test', 'http://store.test']) {
    t.match(await failToUse(t, { S3_ENDPOINT, ...bounds }), /UND_ERR_HEADERS_TIMEOUT|kept failing/)
  }
})

t.test('the identity provider\'s keys are fetched by the proxy, too', async (t) => {
  const issuer = await startIssuer(t)
  issuer.publish(makeKey('ES256', 'key').jwk)
  const proxy = await startForwardProxy(t, { 'issuer.test': Number(new URL(issuer.url).port) })
  const JWT_JWKS_URL = `http://issuer.test${new URL(issuer.url).pathname}`
  const { app } = await start(t, { JWT_JWKS_URL, HTTP_PROXY: proxy.address })
  await app.tokenKeys?.refresh()
  t.ok((app.tokenKeys?.keys.length ?? 0) > 0)
  t.strictSame(proxy.asked, new Set(['request issuer.test']))
})

t.test('the doctor says how the bucket is reached, or the one thing to do', async (t) => {
  const front = await startFront(t, server)
  const strictFront = await startFront(t, server, authority)
  const proxy = await startForwardProxy(t, { 'store.test': Number(new URL(front).port), 'other.test': Number(new URL(front).port) })
  const S3_CA = authority.certificate
  const byProxy = { S3_ENDPOINT: 'https://store.test:9443', HTTPS_PROXY: proxy.address }
  const cases: Array<[environment: Record<string, string>, message: RegExp]> = [
    [{ S3_ENDPOINT: front, S3_CA }, /^The bucket is at https:\S+\/test: in the path, with the certificates of S3_CA\.$/],
    [{ ...byProxy, S3_CA, S3_PREFIX: 'a/' }, /^The bucket is at \S+: in the path, below a\/, with the certificates of S3_CA, through a proxy\.$/],
    [{ S3_ENDPOINT: front }, /trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\): set S3_CA/],
    [{ ...byProxy, S3_CA, S3_ENDPOINT: 'https://other.test' }, /certificate is for another name/],
    [{ ...byProxy, S3_CA, S3_ENDPOINT: 'https://unknown.test' }, /proxy refuses .*check HTTPS_PROXY/],
    [{ S3_ENDPOINT: 'https://store.test', S3_CA }, /has no address: correct it, or set HTTPS_PROXY/],
    [{ S3_ENDPOINT: 'https://store.test', S3_CA, S3_ADDRESSING: 'virtual-host' }, /The name test\.store\.test has no address: .*S3_ADDRESSING=path/],
    [{ S3_ENDPOINT: store.endpoint.replace('http:', 'https:') }, /does not use TLS: let S3_ENDPOINT begin with http/],
    [{ S3_ENDPOINT: strictFront, S3_CA }, /set S3_CLIENT_CERT and S3_CLIENT_KEY/],
  ]
  for (const [environment, message] of cases) {
    const { app } = await start(t, environment)
    const { message: found } = await examineAddressing(app) ?? await examineBucket(app)
    t.match(found, message)
  }
})

t.test('files that are not certificates keep the service from starting, with one line that names the setting', async (t) => {
  const folder = t.testdir()
  const garbage = join(folder, 'garbage.pem')
  await writeFile(garbage, 'garbage')
  const other = await certificates.sign(authority, 'another')
  for (const [environment, message] of [
    [{ S3_CA: join(folder, 'missing.pem') }, /^S3_CA: the file .* cannot be read \(ENOENT\)\.$/],
    [{ S3_CA: garbage }, /^S3_CA: the file .* holds no certificate in PEM form\.$/],
    [{ S3_CLIENT_CERT: garbage, S3_CLIENT_KEY: client.key }, /^S3_CLIENT_CERT: /],
    [{ S3_CLIENT_CERT: client.certificate, S3_CLIENT_KEY: garbage }, /^S3_CLIENT_KEY: .* key without a password/],
    [{ S3_CLIENT_CERT: client.certificate, S3_CLIENT_KEY: other.key }, /^S3_CLIENT_KEY is not the key of the certificate/],
  ] as const) {
    const app = build(loadConfig({ ...noDatabase, ...store.environment, JWT_SECRET: 'x'.repeat(32), LOG_LEVEL: 'silent', ...environment }))
    await t.rejects(async () => { await app.ready() }, { name: 'ConfigError', message })
    await app.close()
  }
})
