import { readFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer } from 'node:https'
import t, { type Test } from 'tap'
import { TextFetcher } from '../../../../identity/amazon-sns/fetch-text.js'
import { SnsMessageVerifier } from '../../../../identity/amazon-sns/message-verifier.js'
import { SnsMessageRefusedError, SnsUnavailableError } from '../../../../identity/amazon-sns/refusal.js'
import { readTopicArn } from '../../../../identity/amazon-sns/topic.js'
import { certificateUrl, createSns, snsHost, topicArn } from '../../../support/amazon-sns.js'
import { openCertificates } from '../../../support/certificates.js'
import { startForwardProxy } from '../../../support/forward-proxy.js'
import { hostileAddresses } from '../../../support/hostile-addresses.js'
import { listenLocally } from '../../../support/listen.js'

const certificates = await openCertificates()
const authority = await certificates.makeAuthority('Authority of the test')
const ca = await readFile(authority.certificate, 'utf8')
const sns = await createSns()
t.teardown(async () => { await certificates.remove() })

/** An HTTPS server that a proxy serves under the name of SNS, and a fetcher that can only go through that proxy. */
async function startSns (t: Test, answer: RequestListener, { names = [snsHost] }: { names?: string[] } = {}) {
  const { certificate, key } = await certificates.sign(authority, names[0] ?? '', names.map((name) => `DNS:${name}`).join())
  const requests: IncomingMessage[] = []
  let connections = 0
  const server = createServer({ cert: await readFile(certificate), key: await readFile(key) }, (request, response) => {
    requests.push(request)
    answer(request, response)
  })
  server.on('connection', () => { connections++ })
  const { port } = new URL(await listenLocally(t, server))
  const proxy = await startForwardProxy(t, { [snsHost]: Number(port), 'evil.test': Number(port) })
  const fetcher = new TextFetcher({ proxyFor: () => proxy.address, ca })
  t.teardown(async () => { await fetcher.close() })
  return { fetcher, proxy, requests, connections: () => connections }
}

t.test('a certificate is fetched over HTTPS, a subscription confirmed, and nothing else is asked for', async (t) => {
  const { fetcher, proxy, requests } = await startSns(t, ({ url }, response) => {
    response.end(url?.endsWith('.pem') === true ? sns.certificate : '<ConfirmSubscriptionResponse/>')
  })
  const verifier = new SnsMessageVerifier([readTopicArn(topicArn)], fetcher.fetch)
  const confirmation = sns.confirmation()
  await verifier.confirm(await verifier.verify(confirmation))
  await Promise.all(Array.from({ length: 50 }, async () => { await verifier.verify(sns.notification({ Records: [] })) }))
  t.strictSame(requests.map(({ method, url, headers }) => `${method} https://${headers.host}${url}`), [
    `GET ${certificateUrl}`, `GET ${confirmation.SubscribeURL}`,
  ])
  t.strictSame([...proxy.asked], [`tunnel ${snsHost}:443`])
})

t.test('no connection is opened for a message that names any other address', async (t) => {
  const { fetcher, proxy, connections } = await startSns(t, (_request, response) => { response.end(sns.certificate) })
  const verifier = new SnsMessageVerifier([readTopicArn(topicArn)], fetcher.fetch)
  const urls = hostileAddresses(snsHost, new URL(certificateUrl).pathname)
  for (const SigningCertURL of urls) {
    const refused = verifier.verify({ ...sns.notification({}), SigningCertURL })
    await t.rejects(refused, SnsMessageRefusedError, JSON.stringify(SigningCertURL))
  }
  t.equal(connections(), 0)
  t.strictSame([...proxy.asked], [])
  await verifier.verify(sns.notification({}))
  t.equal(connections(), 1, 'one was opened for the right one')
})

t.test('redirects are not followed, wherever they lead', async (t) => {
  let location = ''
  const { fetcher, proxy, requests } = await startSns(t, (_request, response) => {
    response.writeHead(302, { location }).end(sns.certificate)
  })
  const verifier = new SnsMessageVerifier([readTopicArn(topicArn)], fetcher.fetch)
  const targets = [
    'https://evil.test/x.pem', certificateUrl, 'http://169.254.169.254/', `https://${snsHost}:8443/x.pem`, '//evil.test/', 'file:///x',
  ]
  for (location of targets) await t.rejects(verifier.verify(sns.notification({})), SnsUnavailableError, location)
  t.equal(requests.length, targets.length)
  t.strictSame([...proxy.asked], [`tunnel ${snsHost}:443`])
})

t.test('a server without a certificate of that very name is asked for nothing', async (t) => {
  for (const names of [['evil.test'], [`${snsHost}.evil.test`], ['sns.us-west-2.amazonaws.com']]) {
    const { fetcher, requests } = await startSns(t, (_request, response) => { response.end(sns.certificate) }, { names })
    await t.rejects(fetcher.fetch(certificateUrl), names.join())
    t.equal(requests.length, 0)
  }
  const { fetcher: known, proxy } = await startSns(t, (_request, response) => { response.end(sns.certificate) })
  t.equal((await known.fetch(certificateUrl)).text, sns.certificate)
  const stranger = new TextFetcher({ proxyFor: () => proxy.address })
  t.teardown(async () => { await stranger.close() })
  await t.rejects(stranger.fetch(certificateUrl), 'nor is one whose authority is not trusted')
})

t.test('a document that is too long is cut off, and one that is not over HTTPS is not asked for', async (t) => {
  const { fetcher, requests } = await startSns(t, (_request, response) => { response.end('x'.repeat(64 * 1024 + 1)) })
  await t.rejects(fetcher.fetch(certificateUrl))
  t.equal(requests.length, 1)
  await t.rejects(fetcher.fetch(certificateUrl.replace('https:', 'http:')), new TypeError('Only https:// is fetched.'))
  t.equal(requests.length, 1)
})

t.test('closing ends what is under way', async (t) => {
  let asked: (() => void) | undefined
  const isAsked = new Promise<void>((resolve) => { asked = resolve })
  const { fetcher } = await startSns(t, () => { asked?.() })
  const fetching = t.rejects(fetcher.fetch(certificateUrl), { code: 'UND_ERR_DESTROYED' })
  await isAsked
  await fetcher.close()
  await fetching
})
