import t from 'tap'
import { natsSkip, startNats } from '../../support/nats-server.js'
import { databaseSkip, proveExactness } from './prove-exactness.js'

t.test('NATS JetStream', { skip: natsSkip || databaseSkip }, async (t) => {
  await proveExactness(t, await startNats(t), { persists: true, takesWhileGiving: true })
})
