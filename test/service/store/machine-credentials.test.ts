import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CredentialsUnavailable } from '../../../store/failures.js'
import { openMachineCredentials } from '../../../store/machine-credentials.js'
import { CONTAINER_TOKEN, SessionIssuer, WEB_IDENTITY_TOKEN, setAwsEnvironment } from '../../support/session-issuer.js'

const LIFE_MS = 3_600_000

async function open (t: Test, variables: Record<string, string>, startTimeoutMs?: number) {
  setAwsEnvironment(t, variables)
  const failures: Error[] = []
  const opened = await openMachineCredentials({
    onFailure: (error) => { failures.push(error) }, ...startTimeoutMs === undefined ? {} : { startTimeoutMs },
  })
  t.teardown(() => { opened.source.close() })
  return { ...opened, failures }
}

const issuer = await SessionIssuer.start(t, LIFE_MS)
const folder = t.testdir({ token: WEB_IDENTITY_TOKEN })
const sessions: Array<[from: string, variables: Record<string, string>, origin: RegExp]> = [
  ['instance metadata, version 2',
    { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: issuer.origin }, /^the instance's metadata$/],
  ['the container', {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${issuer.origin}/container`, AWS_CONTAINER_AUTHORIZATION_TOKEN: CONTAINER_TOKEN,
  }, /^the container /],
  ['a web identity', {
    AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/tests',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_STS: issuer.origin,
  }, /^a web identity /],
]
for (const [from, variables, expectedOrigin] of sessions) {
  t.test(`the session that ${from} gives is used, with its token and its end`, async (t) => {
    const { source, origin, failures } = await open(t, variables)
    const { accessKey, secretKey, sessionToken, expiresAtMs } = source.current
    const issued = issuer.find(accessKey)
    t.strictSame({ secretKey, sessionToken, expiresAtMs }, {
      secretKey: issued?.secretKey, sessionToken: issued?.sessionToken, expiresAtMs: issued?.expiresAtMs,
    })
    t.match(origin(), expectedOrigin)
    t.strictSame(failures, [])
    t.equal(source.current, source.current)
  })
}

t.test('the environment and shared files give credentials without a known end', async (t) => {
  const fromEnvironment = await open(t, { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'hidden', AWS_SESSION_TOKEN: 'token' })
  t.match(fromEnvironment.source.current, { accessKey: 'AKIA', secretKey: 'hidden', sessionToken: 'token', expiresAtMs: undefined })
  t.match(fromEnvironment.origin(), /^the environment /)
  const path = join(folder, 'credentials')
  await writeFile(path, '[tests]\naws_access_key_id = AKIB\naws_secret_access_key = hidden\n')
  const fromFile = await open(t, { AWS_SHARED_CREDENTIALS_FILE: path, AWS_PROFILE: 'tests' })
  t.match(fromFile.source.current, { accessKey: 'AKIB', sessionToken: undefined, expiresAtMs: undefined })
  t.match(fromFile.origin(), /^the shared files /)
})

t.test('if nothing provides credentials, one line says where they were looked for, and nothing of what was answered', async (t) => {
  const token = join(folder, 'wrong-token')
  await writeFile(token, 'another-token')
  const error = await t.rejects(open(t, {
    AWS_WEB_IDENTITY_TOKEN_FILE: token,
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/tests',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_STS: issuer.origin,
  }, 300), CredentialsUnavailable)
  if (!(error instanceof CredentialsUnavailable)) return
  t.match(error.message, /^S3_ACCESS_KEY is not set, and .* in 0\.3 s: tried the environment \(AWS_ACCESS_KEY_ID\), /)
  t.match(error.message, /, the instance's metadata\. The last failure was AccessDenied \(status 403\)\.$/)
  t.notMatch(error.message, /another-token|secret-of-the-issuer|\n/)
})
