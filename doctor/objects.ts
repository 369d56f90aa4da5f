import type { FastifyInstance } from 'fastify'
import { type Finding, failed, ok } from './finding.js'
import { sendAsService } from './probe.js'

/** Checks whether the credentials allow what the service does with files; leaves a file under the key. */
export async function * examineObjects (app: FastifyInstance, objectKey: string): AsyncGenerator<Finding, undefined> {
  const { keyPrefix = '' } = app.storeTarget
  const missing = await sendAsService(app, { method: 'HEAD', objectKey })
  yield missing.status === 403
    ? failed('missing-key', 'A missing file is answered with 403 instead of 404, so downloads cannot tell that it is ' +
      'missing: allow s3:ListBucket on the bucket.')
    : missing.status === 404
      ? ok('missing-key', 'A missing file is answered with 404.')
      : failed('missing-key', `A missing file is answered with ${missing.status} instead of 404.`)

  for (const [permission, what, request] of [
    ['s3:PutObject', 'put', { method: 'PUT', objectKey }],
    ['s3:GetObject', 'head', { method: 'HEAD', objectKey }],
    ['s3:GetObject', 'get', { method: 'GET', objectKey }],
    ['s3:ListBucket', 'list', { method: 'GET', objectKey: '', query: { 'list-type': '2', prefix: keyPrefix + objectKey } }],
  ] as const) {
    const { status } = await sendAsService(app, request)
    yield status === 200
      ? ok(what, `The credentials may ${what}.`)
      : failed(what, `The credentials may not ${what}: status ${status}. Allow ${permission}.`)
  }
}
