import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import { member, runId, workflowId } from '../../support/service.js'
import { Watch } from './watch.js'

const objectKey = mintObjectKey({
  orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'inputs', path: 'a "秘密" 100%+.txt',
})
const token = objectKey.split('/')[8] ?? ''

t.test('a secret is found in whatever spelling it is told', async (t) => {
  for (const [how, told] of Object.entries({
    'as it is': objectKey,
    'percent-encoded': encodeURIComponent(objectKey),
    'as a path': encodeURI(objectKey),
    'in JSON': JSON.stringify({ objectKey }),
    'in JSON in JSON': JSON.stringify({ body: JSON.stringify({ objectKey }) }),
    'in base64': Buffer.from(objectKey).toString('base64'),
    'amid base64': Buffer.from(`user:${objectKey}!`).toString('base64'),
    'in base64url': Buffer.from(`a${objectKey}`).toString('base64url'),
    'in hex': Buffer.from(objectKey).toString('hex'),
  })) {
    const watch = new Watch()
    watch.addSecret(objectKey)
    watch.hear('{"msg":"before"}', `{"msg":"a ${told} b"}`)
    t.ok(watch.leaks().includes(objectKey), how)
  }
})

t.test('of an object key its token alone is a secret', async (t) => {
  const watch = new Watch()
  watch.addObjectKey(objectKey)
  watch.hear(`a ${token} b`)
  t.strictSame(watch.leaks(), [token])
})

t.test('errors are searched; what other answers give is searched for', async (t) => {
  const watch = new Watch()
  const signature = '0123456789abcdef'.repeat(4)
  const body = Buffer.from(JSON.stringify({ objectKey, url: `http://a/b?X-Amz-Signature=${signature}` }))
  watch.see({ status: 200, headers: {}, body })
  t.equal(watch.secretCount, 3)
  t.strictSame(watch.leaks(), [])
  watch.see({ status: 404, headers: {}, body: Buffer.from(encodeURIComponent(objectKey)) })
  t.strictSame(watch.leaks(), [objectKey, token])
})

t.test('a signature that nobody gave is known by its form', async (t) => {
  const watch = new Watch()
  watch.hear(`{"path":"/bucket?X-Amz-Signature=${'ab'.repeat(32)}"}`)
  t.strictSame(watch.leaks(), ['X-Amz-Signature', 'ab'.repeat(32)])
})
