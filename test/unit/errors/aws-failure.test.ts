import t from 'tap'
import { isAbsentSetting } from '../../../errors/absent-setting.js'
import { describeAwsFailure } from '../../../errors/aws-failure.js'
import { errorCode } from '../../../errors/error-code.js'

const failure = (more: object) => Object.assign(new Error('secret of the answer'), { name: 'AccessDenied' }, more)

t.test('what AWS\'s SDK threw is told by its name and status alone', async (t) => {
  t.equal(describeAwsFailure(failure({ $metadata: { httpStatusCode: 403, requestId: 'secret' } })), 'AccessDenied (status 403)')
  for (const more of [{}, { $metadata: {} }, { $metadata: { httpStatusCode: undefined } }, { $metadata: null }, { $metadata: 'secret' }]) {
    t.equal(describeAwsFailure(failure(more)), 'AccessDenied')
  }
  for (const error of ['secret', undefined, null, { name: 'secret', $metadata: { httpStatusCode: 403 } }]) t.equal(describeAwsFailure(error), 'unknown')
})

t.test('an error\'s code is its own text, and empty where it has none', async (t) => {
  t.equal(errorCode(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT')
  for (const error of [new Error('x'), Object.assign(new Error('x'), { code: 7 }), { code: 'ENOENT' }, 'ENOENT', undefined, null]) {
    t.equal(errorCode(error), '')
  }
})

t.test('the codes by which stores say that they lack a setting are known, and no others', async (t) => {
  for (const code of ['NotImplemented', 'MethodNotAllowed', 'NotSupported', 'XNotImplemented']) t.equal(isAbsentSetting(code), true, code)
  for (const code of ['', 'AccessDenied', 'NoSuchBucket', 'notimplemented']) t.equal(isAbsentSetting(code), false, code)
})
