import t from 'tap'
import { examineCredentials } from '../../../doctor/credentials.js'
import { hasCeph, startCeph } from '../../support/ceph-server.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { setAwsEnvironment } from '../../support/session-issuer.js'

const BUCKET = 'sessions'
const STS = ['--rgw-sts-key=key-of-the-tests', '--rgw-s3-auth-use-sts=true']
const statement = (rest: object) => JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...rest }] })

t.test('the service works on Ceph RGW with a session of a role that a profile assumes', {
  skip: await hasCeph() ? false : 'Ceph is not installed',
}, async (t) => {
  const ceph = await startCeph()
  t.teardown(ceph.stop)
  const assumed = statement({ Principal: { AWS: ['arn:aws:iam:::user/tests'] }, Action: ['sts:AssumeRole'] })
  await ceph.administer(['role', 'create', '--role-name=files', '--path=/', `--assume-role-policy-doc=${assumed}`])
  const allowed = statement({ Action: ['s3:*'], Resource: ['arn:aws:s3:::*'] })
  await ceph.administer(['role-policy', 'put', '--role-name=files', '--policy-name=all', `--policy-doc=${allowed}`])
  const endpoint = await ceph.startGateway(0, STS)
  const folder = t.testdir({
    credentials: `[user]\naws_access_key_id = ${ceph.accessKey}\naws_secret_access_key = ${ceph.secretKey}\n`,
    config: '[profile files]\nrole_arn = arn:aws:iam:::role/files\nsource_profile = user\nregion = us-east-1\n',
  })
  setAwsEnvironment(t, {
    AWS_PROFILE: 'files',
    AWS_CONFIG_FILE: `${folder}/config`,
    AWS_SHARED_CREDENTIALS_FILE: `${folder}/credentials`,
    AWS_ENDPOINT_URL_STS: endpoint,
    AWS_REGION: 'us-east-1',
  })
  // It creates the bucket, whose owner is then the role's user.
  const { app, authorise, downloadPath } = await startService(t, {
    S3_ENDPOINT: endpoint, S3_BUCKET: BUCKET, SERVICE_SECRET: 'a-secret-of-the-service-and-its-replicas',
  })
  const { sessionToken, expiresAtMs } = app.storeCredentials.service.current
  t.ok(sessionToken)
  t.ok(Number(expiresAtMs) > Date.now())
  const { status, message } = examineCredentials(app)
  t.equal(status, 'ok')
  t.match(message, /^They come from .*profile.*, expire at .*, and are renewed before then\.$/)
  const { objectKey, url, headers } = (await app.inject({
    method: 'POST',
    url: '/api/v1/objects/uploads',
    headers: authorise(member),
    payload: { workflowId, runId, direction: 'outputs', fileName: 'a.txt', contentType: 'text/plain', sizeBytes: 7 },
  })).json()
  t.equal((await fetch(url, { method: 'PUT', headers, body: 'content' })).status, 200)
  const { headers: { location } } = await app.inject(downloadPath(objectKey))
  t.equal(await (await fetch(String(location))).text(), 'content')
  const withoutToken = new URL(String(location))
  withoutToken.searchParams.delete('X-Amz-Security-Token')
  t.equal((await fetch(withoutToken)).status, 403)
  const listed: string[] = []
  for await (const { objects } of app.listBucket({ prefix: '', startAfter: '' })) listed.push(...objects.map((object) => object.objectKey))
  t.strictSame(listed, [objectKey])
  t.equal((await app.minio.statObject(BUCKET, objectKey)).size, 7)
})
