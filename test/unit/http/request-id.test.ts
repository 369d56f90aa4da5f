import fc from 'fast-check'
import t from 'tap'
import { createRequestIds } from '../../../http/request-id.js'
import { codePoint } from '../../support/code-point.js'

const idOf = (sent: string | string[] | undefined) => createRequestIds()({ headers: { 'x-request-id': sent, 'x-other': 'other' } })

t.test('an id of a harmless form is kept', async (t) => {
  for (const sent of ['a', '0', '6f1c2a34-9d27-4c0b-8d5e-3b1a7c9e2f10', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 'Root=1-67891233-abcdef_0.1:2', 'x'.repeat(128)]) {
    t.equal(idOf(sent), sent)
  }
})

t.test('anything else is given an id of the service\'s own', async (t) => {
  for (const sent of [undefined, '', 'x'.repeat(129), 'a b', 'acme/inputs', 'a\n', '\na', 'é', '<a>', ['a'], ['a', 'b']]) {
    t.match(idOf(sent), /^[A-Za-z0-9_-]{8}-0$/, JSON.stringify(sent))
  }
  fc.assert(fc.property(fc.oneof(fc.string({ unit: codePoint }), fc.string()), (sent) => /^[A-Za-z0-9._:=-]{1,128}$/.test(idOf(sent))))
})

t.test('no two requests are given the same id, in one process or in several', async (t) => {
  const processes = Array.from({ length: 20 }, createRequestIds)
  const ids = processes.flatMap((create) => Array.from({ length: 100 }, () => create({ headers: {} })))
  t.equal(new Set(ids).size, 2_000)
})
