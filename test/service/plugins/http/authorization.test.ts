import { readFile } from 'node:fs/promises'
import t from 'tap'
import { type Role, roles as everyRole } from '../../../../schemas/token-claims.js'
import { everyDoor } from '../../../support/event-doors.js'
import { admin, startService, workflowId } from '../../../support/service.js'

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const

interface Operation {
  operationId: string
  description: string
  security: Array<Record<string, string[]>>
  'x-roles'?: Role[]
  'x-proof'?: string
  responses: Record<string, unknown>
}

t.test('who may do what', async (t) => {
  const { app, authorise } = await startService(t, everyDoor)
  const document: { paths: Record<string, Record<string, Operation>> } = (await app.inject('/documentation/json')).json()
  const operations = Object.entries(document.paths).flatMap(([path, operationOf]) => methods.flatMap((method) => {
    const operation = operationOf[method.toLowerCase()]
    return operation === undefined ? [] : [{ method, path, ...operation }]
  }))
  const requestTo = (path: string, method: (typeof methods)[number]) => ({
    method, url: path.replace(/\{(?:workflowId|id)\}/, workflowId),
  })
  const expected: Record<string, { message: string, roles: Role[] }> = {
    listUserUsage: { roles: ['admin'], message: 'Only an admin may see what each user stores.' },
    nameWorkflow: { roles: ['service', 'admin'], message: 'Only a service or an admin may name workflows.' },
    setQuota: { roles: ['service'], message: 'Only a service may set a quota.' },
    revokeAllShares: { roles: ['service', 'admin'], message: 'Only a service or an admin may revoke all share links.' },
    startReconcile: { roles: ['admin'], message: 'Only an admin may start a reconcile.' },
    readReconcileProgress: { roles: ['admin'], message: 'Only an admin may see a reconcile.' },
  }

  t.test('every operation says who may use it: roles, another token, or anyone', async (t) => {
    for (const { operationId, security, 'x-roles': roles, 'x-proof': proof } of operations) {
      const schemes = security.flatMap((each) => Object.keys(each))
      const others = schemes.filter((scheme) => ['eventsToken', 'pushToken'].includes(scheme))
      t.strictSame(schemes, roles === undefined ? others : ['bearerAuth'], operationId)
      if (others.length > 0) t.ok(proof, operationId)
    }
  })

  t.test('the table in SECURITY.md says of every operation what its route declares', async (t) => {
    const text = await readFile('SECURITY.md', 'utf8')
    const rows = [...text.matchAll(/^\| `(\w+)` \| `(\w+ \S+)` \| (.+?) \|/gm)].map(([, ...cells]) => cells.join(' | '))
    const declared = operations.map(({ operationId, method, path, 'x-roles': roles, 'x-proof': proof = 'anyone' }) => {
      const who = roles?.map((role) => `\`${role}\``).join(', ') ?? proof.replace(/^[A-Z_]+$/, '`$&`')
      return `${operationId} | ${method} ${path} | ${who}`
    })
    t.strictSame(rows.sort(), declared.sort())
  })

  for (const { operationId, method, path, description, responses, 'x-roles': roles } of operations) {
    if (roles === undefined) continue

    t.test(`${operationId} needs a token`, async (t) => {
      const answer = await app.inject(requestTo(path, method))
      t.equal(answer.statusCode, 401)
      t.equal(answer.json().code, 'TOKEN_REQUIRED')
    })

    t.test(`${operationId} is open to ${roles.join(', ')} alone`, async (t) => {
      const { message = 'Open to every role.', roles: theirs = everyRole } = expected[operationId] ?? {}
      t.strictSame([...roles].sort(), [...theirs].sort())
      t.ok(description.endsWith(message), 'and the document says so')
      for (const role of everyRole) {
        // Without a parameter or a body, so that an admitted request has no effect.
        const answer = await app.inject({ ...requestTo(path, method), headers: authorise({ ...admin, roles: [role] }) })
        if (roles.includes(role)) {
          t.not(answer.statusCode, 401)
          t.not(answer.statusCode, 403)
        } else {
          t.match(answer, { statusCode: 403 })
          t.strictSame(answer.json(), { statusCode: 403, code: 'FORBIDDEN', error: 'Forbidden', message })
          t.ok(responses['403'], 'and the document names the status')
        }
      }
    })
  }

  t.test('a token of several roles may do what any of them may', async (t) => {
    const answerTo = async (roles: Role[], method: 'GET' | 'PUT' | 'POST', url: string) =>
      (await app.inject({ method, url: `/api/v1/objects${url}`, headers: authorise({ ...admin, roles }) })).statusCode
    for (const roles of [['member', 'service'], ['service', 'admin'], ['member', 'service', 'admin']] satisfies Role[][]) {
      t.equal(await answerTo(roles, 'PUT', '/quota'), 400, 'a service\'s right, without the body that it needs')
    }
    t.equal(await answerTo(['member', 'admin'], 'PUT', '/quota'), 403)
    t.not(await answerTo(['member', 'admin'], 'GET', '/reconcile'), 403, 'an admin\'s right')
    t.equal(await answerTo(['member', 'service'], 'GET', '/reconcile'), 403)
    const others = '?createdBy=5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b'
    t.equal(await answerTo(['member', 'admin'], 'GET', `/storage-usage${others}`), 200)
    t.equal(await answerTo(['member', 'service'], 'GET', `/storage-usage${others}`), 403)
  })

  t.test('a role is asked for before the body is read', async (t) => {
    const answer = await app.inject({
      ...requestTo('/api/v1/objects/quota', 'PUT'),
      headers: { ...authorise(admin), 'content-type': 'application/json' },
      payload: 'not JSON',
    })
    t.equal(answer.statusCode, 403)
  })
})

t.test('callers who are refused are not counted by the route\'s limit', async (t) => {
  const { app, authorise } = await startService(t, { UPLOAD_LIMIT: '1' })
  const { authorization } = authorise(admin)
  const make = async (headers: Record<string, string>) =>
    (await app.inject({ method: 'POST', url: '/api/v1/objects/uploads', headers })).statusCode
  t.equal(await make({}), 401)
  t.equal(await make({ authorization }), 400)
  t.equal(await make({ authorization }), 429)
})
