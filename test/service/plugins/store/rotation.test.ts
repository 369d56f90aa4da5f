import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { Agent, request } from 'undici'
import { ObjectStorageUnavailable } from '../../../../store/failures.js'
import { SessionIssuer, setAwsEnvironment } from '../../../support/session-issuer.js'
import { member, runId, startService, workflowId } from '../../../support/service.js'
import { makeFolder, openStore, options } from '../../../support/test-store.js'

/*
 * By default the session is renewed every four seconds, four times. ROTATION_SECONDS sets how long, ROTATION_EVERY how often:
 * `ROTATION_SECONDS=180 ROTATION_EVERY=10 node test/run-compiled.js test/service/plugins/store/rotation.test.ts`.
 */
const DURATION_MS = Number(process.env.ROTATION_SECONDS ?? 16) * 1000
const EVERY_MS = Number(process.env.ROTATION_EVERY ?? 4) * 1000
const REDIRECTS_AT_ONCE = 60
const OTHERS_AT_ONCE = 4
const BEFORE_THE_END_MS = 1_000
/** The pause between a client's requests for redirects: following the URLs needs some of the processor too. */
const PAUSE_MS = 50
const SERVICE_SECRET = 'a-secret-of-the-service-and-its-replicas'

/** When a pre-signed URL expires, according to the URL itself. */
function endOf (url: string): number {
  const { searchParams } = new URL(url)
  const date = (searchParams.get('X-Amz-Date') ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  return Date.parse(date) + Number(searchParams.get('X-Amz-Expires')) * 1000
}

/** Retries what fails because starting kept a busy machine occupied for longer than a session lasts. */
async function onceRenewed<Result> (work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ObjectStorageUnavailable)) throw error
      await setTimeout(PAUSE_MS)
    }
  }
}

t.test('while the role\'s session changes under load no request fails, and no URL ends before it says', async (t) => {
  // Renewed halfway through its life.
  const issuer = await SessionIssuer.start(t, EVERY_MS * 2)
  const store = await openStore(t, await makeFolder(t), { findAccount: issuer.find })
  setAwsEnvironment(t, { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: issuer.origin })
  const { app, authorise, downloadPath, putFile, log } = await startService(t, {
    S3_ENDPOINT: store.endpoint,
    S3_BUCKET: options.bucket,
    S3_REGION: options.region,
    SERVICE_SECRET,
    DOWNLOAD_URL_TTL: '10',
    UPLOAD_URL_TTL: '10',
    UPLOAD_LIMIT: '0',
    EXISTENCE_TTL: '1',
    LOG_LEVEL: 'warn',
  })
  const files = await Promise.all(Array.from({ length: 8 }, (_, index) => onceRenewed(() => putFile(`content ${index}`))))
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const dispatcher = new Agent({ pipelining: 1 })
  t.teardown(() => dispatcher.destroy())
  const headers = { ...authorise(member), 'content-type': 'application/json' }

  const urls = new Set<string>()
  const failures = new Map<string, number>()
  const fail = (failure: string) => { failures.set(failure, (failures.get(failure) ?? 0) + 1) }
  const followed: Array<Promise<void>> = []
  const counts = { redirects: 0, others: 0, conclusive: 0 }
  /** Uses a URL just before its stated end; if the machine was too busy to use it in time, that proves nothing. */
  const useAtItsEnd = async (url: string, method: 'GET' | 'PUT', uploadHeaders: Record<string, string> = {}) => {
    await setTimeout(Math.max(endOf(url) - BEFORE_THE_END_MS - Date.now(), 0))
    const response = await fetch(url, { method, headers: uploadHeaders, ...method === 'PUT' ? { body: 'content' } : {} })
    const answer = await response.text()
    if (!response.ok && Date.now() >= endOf(url)) return
    counts.conclusive++
    if (!response.ok) fail(`${method} ${response.status} ${answer}`)
  }
  const handOut = (url: string, method: 'GET' | 'PUT', uploadHeaders?: Record<string, string>) => {
    if (urls.has(url)) return
    urls.add(url)
    followed.push(useAtItsEnd(url, method, uploadHeaders))
  }
  const endMs = performance.now() + DURATION_MS
  const repeat = async (once: (turn: number) => Promise<void>) => {
    for (let turn = 0; performance.now() < endMs; turn++) await once(turn)
  }
  const redirect = async (turn: number) => {
    const path = downloadPath(files[turn % files.length] ?? '')
    const { statusCode, headers: { location }, body } = await request(`${origin}${path}`, { dispatcher })
    const answer = await body.text()
    counts.redirects++
    if (statusCode === 302) handOut(String(location), 'GET')
    else fail(`redirect ${statusCode} ${answer}`)
    await setTimeout(PAUSE_MS)
  }
  const upload = async () => {
    const { statusCode, body } = await request(`${origin}/api/v1/objects/uploads`, {
      dispatcher,
      method: 'POST',
      headers,
      body: JSON.stringify({ workflowId, runId, direction: 'outputs', fileName: 'a.txt', contentType: 'text/plain' }),
    })
    const answer = await body.text()
    counts.others++
    if (statusCode !== 201) {
      fail(`upload ${statusCode} ${answer}`)
      return
    }
    const { url, headers: uploadHeaders, expiresAt } = JSON.parse(answer)
    if (Date.parse(expiresAt) !== endOf(url)) fail(`an upload says ${expiresAt}, its URL ${endOf(url)}`)
    handOut(url, 'PUT', uploadHeaders)
    await setTimeout(PAUSE_MS)
  }
  const usage = async () => {
    const { statusCode, body } = await request(`${origin}/api/v1/objects/storage-usage`, { dispatcher, headers })
    const answer = await body.text()
    counts.others++
    if (statusCode !== 200) fail(`usage ${statusCode} ${answer}`)
    await setTimeout(PAUSE_MS)
  }
  await Promise.all([
    ...Array.from({ length: REDIRECTS_AT_ONCE }, () => repeat(redirect)),
    ...Array.from({ length: OTHERS_AT_ONCE }, () => repeat(upload)),
    ...Array.from({ length: OTHERS_AT_ONCE }, () => repeat(usage)),
  ])
  await Promise.all(followed)

  t.strictSame(failures, new Map(), log.join(''))
  t.ok(issuer.sessions.size >= 3, 'the session changed')
  t.ok(counts.conclusive > 0, 'URLs were used in time')
  const secrets = [...issuer.sessions.values()].flatMap(({ secretKey, sessionToken }) => [secretKey, sessionToken])
  t.notOk(secrets.some((secret) => log.join('').includes(secret)))
  t.comment(`${counts.redirects} redirects, ${counts.others} others, ${issuer.sessions.size} sessions, ` +
    `${counts.conclusive} of ${urls.size} URLs used ${BEFORE_THE_END_MS} ms before their end`)
})

t.test('once the session has ended and there is no other, requests are answered 503, and succeed again without a restart', async (t) => {
  const issuer = await SessionIssuer.start(t, 6_000)
  const store = await openStore(t, await makeFolder(t), { findAccount: issuer.find })
  setAwsEnvironment(t, { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: issuer.origin })
  const { app, authorise, downloadPath, putFile, log, nextLine } = await startService(t, {
    S3_ENDPOINT: store.endpoint, S3_BUCKET: options.bucket, S3_REGION: options.region, SERVICE_SECRET,
  })
  const objectKey = await onceRenewed(() => putFile('content'))
  issuer.isBroken = true
  const upload = () => app.inject({
    method: 'POST',
    url: '/api/v1/objects/uploads',
    headers: authorise(member),
    payload: { workflowId, runId, direction: 'outputs', fileName: 'a.txt', contentType: 'text/plain' },
  })
  let answer = await app.inject(downloadPath(objectKey))
  while (answer.statusCode === 302) {
    await nextLine(({ msg }) => msg === 'credentials for the object storage could not be fetched')
    answer = await app.inject(downloadPath(objectKey))
  }
  t.match(answer.json(), { code: 'STORE_UNAVAILABLE' })
  t.equal(answer.statusCode, 503)
  t.ok(Number(answer.headers['retry-after']) >= 1)
  t.equal((await upload()).statusCode, 503)
  t.equal((await app.inject('/health/ready')).statusCode, 503)
  t.notMatch(log.join(''), 'secret-of-the-issuer')

  issuer.isBroken = false
  const before = issuer.sessions.size
  while (issuer.sessions.size === before) await setTimeout(50)
  while ((await app.inject(downloadPath(objectKey))).statusCode !== 302) await setTimeout(50)
  t.equal((await upload()).statusCode, 201)
})
