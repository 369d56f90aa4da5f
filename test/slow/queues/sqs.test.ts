import t from 'tap'
import { startMotoQueue } from '../../support/moto-queue.js'
import { motoSkip } from '../../support/moto-server.js'
import { databaseSkip, proveExactness } from './prove-exactness.js'

t.test('Amazon SQS, as moto does it', { skip: motoSkip || databaseSkip }, async (t) => {
  const broker = await startMotoQueue(t)
  if (broker === undefined) {
    t.pass('pip does not install moto here', { skip: true })
    return
  }
  // A message that is added while others are deleted may be lost: moto 5.2.5 rewrites its list without a lock.
  // It also goes through all messages for each one: thousands would take more than ten minutes.
  await proveExactness(t, broker, { persists: false, takesWhileGiving: false, perMessage: 10 })
})
