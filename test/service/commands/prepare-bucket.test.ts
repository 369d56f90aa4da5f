import { createHash } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { Client } from 'minio'
import t from 'tap'
import { compileCommands } from '../../support/command-process.js'
import { storeKinds } from '../../support/stores.js'

const [, realStore] = storeKinds
const EVENTS_URL = 'http://127.0.0.1:3000/api/v1/objects/events'

t.test('prepare-bucket on real S3', { skip: realStore?.skip ?? true }, async (t) => {
  const commands = await compileCommands(t)
  const environment = realStore?.environment() ?? {}
  t.teardown(() => realStore?.remove(environment))
  const { S3_ENDPOINT = '', S3_ACCESS_KEY = '', S3_SECRET_KEY = '', S3_BUCKET: bucket = '' } = environment
  const { hostname, port } = new URL(S3_ENDPOINT)
  const minio = new Client({
    endPoint: hostname, port: Number(port), useSSL: false, accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY, region: 'us-east-1',
  })
  const setting = async (query: string) =>
    await text(await minio.makeRequestAsync({ method: 'GET', bucketName: bucket, query }, '', [200], 'us-east-1'))
  const put = async (query: string, document: string) => {
    const headers = { 'Content-MD5': createHash('md5').update(document).digest('base64') }
    await minio.makeRequestAsync({ method: 'PUT', bucketName: bucket, query, headers }, document, [200], 'us-east-1')
  }
  const prepare = async (...options: string[]) => await commands.run('prepare-bucket', options, environment)
  const outcomes = (output: string) => Object.fromEntries(output.trim().split('\n').map((line) => {
    const [, outcome, name] = /^(\w+) +([\w-]+):/.exec(line) ?? []
    return [name, outcome]
  }))
  const all = (outcome: string) => ({
    bucket: outcome, notifications: outcome, cors: outcome, 'unfinished-uploads': outcome, 'public-acls': outcome, 'upload-policy': outcome,
  })
  const options = ['--notify-url', EVENTS_URL, '--upload-principal', 'arn:aws:iam:::user/uploads']

  t.test('what is missing is made, once', async (t) => {
    const first = await prepare(...options)
    t.equal(first.exitCode, 0, first.errors)
    t.strictSame(outcomes(first.output), all('made'))
    t.match(await setting('notification'), /<Event>s3:ObjectCreated:\*<\/Event>.*<Event>s3:ObjectRemoved:\*<\/Event>/s)
    t.match(await setting('cors'), /<AllowedOrigin>\*<\/AllowedOrigin>/)
    t.match(await setting('lifecycle'), /<DaysAfterInitiation>7<\/DaysAfterInitiation>/)
    t.match(await setting('publicAccessBlock'), /<IgnorePublicAcls>true<\/IgnorePublicAcls>/)
    const second = await prepare(...options)
    t.strictSame(outcomes(second.output), all('unchanged'))
  })

  t.test('several at once leave one of each', async (t) => {
    for (const { exitCode, errors } of await Promise.all([1, 2, 3].map(() => prepare(...options, '--abort-after', '3')))) {
      t.equal(exitCode, 0, errors)
    }
    const lifecycle = await setting('lifecycle')
    t.equal(lifecycle.split('<Rule>').length, 2)
    t.match(lifecycle, /<DaysAfterInitiation>3</)
  })

  t.test('settings of others stay', async (t) => {
    const theirs = '<Rule><ID>theirs</ID><Prefix>tmp/</Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>'
    await put('lifecycle', `<LifecycleConfiguration>${theirs}</LifecycleConfiguration>`)
    await put('cors', '<CORSConfiguration><CORSRule><ID>theirs</ID><AllowedOrigin>https://other.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>')
    const { output } = await prepare('--origin', 'https://app.example', '--origin', 'null', '--only', 'notifications,cors,unfinished-uploads')
    t.strictSame(outcomes(output), { cors: 'made', 'unfinished-uploads': 'made', notifications: 'skipped' })
    t.match(await setting('lifecycle'), /<ID>theirs<\/ID>/)
    const cors = await setting('cors')
    for (const origin of ['https://other.example', 'https://app.example', 'null']) t.ok(cors.includes(`<AllowedOrigin>${origin}</AllowedOrigin>`), origin)
  })

  t.test('what may not be changed is said, with the permission, and the rest is made', async (t) => {
    const refused = await commands.run('prepare-bucket', [], { ...environment, S3_SECRET_KEY: 'wrong-secret' })
    t.equal(refused.exitCode, 1)
    t.match(refused.output, /FAILED +cors: The object storage refuses it: SignatureDoesNotMatch/)
    t.notMatch(refused.output + refused.errors, /wrong-secret/)
  })
})

t.test('prepare-bucket refuses what makes no sense', async (t) => {
  const commands = await compileCommands(t)
  const run = async (options: string[], environment: Record<string, string> = {}) => {
    const { exitCode, errors } = await commands.run('prepare-bucket', options, environment)
    t.equal(exitCode, 2)
    return errors
  }
  t.match(await run([]), 'S3_ENDPOINT is missing')
  for (const [options, message] of [
    [['--notify-arn', 'arn:minio:sqs::objects:webhook', '--notify-url', EVENTS_URL], 'give one'],
    [['--notify-arn', 'objects'], '--notify-arn must be an ARN'],
    [['--notify-arn', 'arn:aws:lambda:eu-west-1:1:function:f'], '--notify-arn must be an ARN'],
    [['--upload-principal', 'uploads'], '--upload-principal must be an ARN'],
    [['--abort-after', '1.5'], '--abort-after must be a number of days'],
    [['--origins', 'x'], '--origins'],
    [['--only', 'bucket,quota'], '--only has no setting quota'],
  ] as const) t.match(await run([...options]), message)
})
