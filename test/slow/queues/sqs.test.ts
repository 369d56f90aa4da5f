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
  // Where a message is added while others are deleted, it may be lost: moto 5.2.5 writes its list anew without a lock.
  // It also goes through all its messages for each: thousands would take it more than ten minutes.
  await proveExactness(t, broker, { persists: false, takesWhileGiving: false, perMessage: 10 })
})
