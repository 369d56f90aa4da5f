import t from 'tap'
import { Revocations } from '../../../shares/revocations.js'

const share = { id: 'a', orgKey: 'acme', madeAtMicros: 1_000 }

t.test('a link is revoked by its id, until it would have ended', async (t) => {
  const revocations = new Revocations()
  t.equal(revocations.isRevoked(share), false)
  revocations.add({ revoked: [{ id: 'a', expiresAtMs: 5 }], epochs: [] })
  t.equal(revocations.isRevoked(share), true)
  t.equal(revocations.isRevoked({ ...share, id: 'b' }), false)
  revocations.forgetExpired(4)
  t.equal(revocations.isRevoked(share), true)
  revocations.forgetExpired(5)
  t.equal(revocations.size, 0)
})

t.test('links from before a time are revoked, an organisation\'s or all; an earlier time takes nothing back', async (t) => {
  for (const orgKey of ['acme', '']) {
    const revocations = new Revocations()
    for (const revokedBeforeMicros of [1_000, 10]) revocations.add({ revoked: [], epochs: [{ orgKey, revokedBeforeMicros }] })
    t.equal(revocations.isRevoked(share), true)
    t.equal(revocations.isRevoked({ ...share, madeAtMicros: 1_001 }), false)
    t.equal(revocations.isRevoked({ ...share, orgKey: 'globex' }), orgKey === '')
  }
})
