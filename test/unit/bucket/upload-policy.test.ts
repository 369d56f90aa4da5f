import t from 'tap'
import { withUploadStatements } from '../../../bucket/upload-policy.js'

const grant = { bucket: 'objects', keyPrefix: '', principal: 'arn:aws:iam::1:user/uploads' }
const parse = (policy: string | undefined) => JSON.parse(policy ?? 'null')

t.test('the principal may put files and is denied all else, and statements of others stay', async (t) => {
  const theirs = { Sid: 'Theirs', Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' }
  const policy = parse(withUploadStatements(JSON.stringify({ Version: '2012-10-17', Id: 'x', Statement: theirs }), grant))
  t.equal(policy.Id, 'x')
  t.strictSame(policy.Statement[0], theirs)
  t.match(policy.Statement.slice(1), [
    { Effect: 'Allow', Action: ['s3:PutObject'], Resource: ['arn:aws:s3:::objects/*'] },
    { Effect: 'Deny', NotAction: ['s3:PutObject'], Resource: ['arn:aws:s3:::objects', 'arn:aws:s3:::objects/*'] },
  ])
  t.match(parse(withUploadStatements(undefined, { ...grant, keyPrefix: 'team/' })).Statement[0], { Resource: ['arn:aws:s3:::objects/team/*'] })
})

t.test('a policy that says so already stays, however the store writes it; another principal replaces it', async (t) => {
  const policy = withUploadStatements(undefined, grant)
  t.equal(withUploadStatements(policy, grant), undefined)
  const rewritten = { ...parse(policy) }
  for (const statement of rewritten.Statement) {
    statement.Principal = { AWS: grant.principal }
    if (statement.Action !== undefined) statement.Action = 's3:PutObject'
    if (Array.isArray(statement.Resource)) statement.Resource.reverse()
  }
  t.equal(withUploadStatements(JSON.stringify(rewritten), grant), undefined)
  const changed = parse(withUploadStatements(policy, { ...grant, principal: 'arn:aws:iam::1:user/other' }))
  t.equal(changed.Statement.length, 2)
  t.strictSame(changed.Statement[1].Principal, { AWS: ['arn:aws:iam::1:user/other'] })
})
