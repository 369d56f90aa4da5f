import t from 'tap'
import { rabbitMqSkip, startRabbitMq } from '../../support/rabbitmq.js'
import { databaseSkip, proveExactness } from './prove-exactness.js'

t.test('RabbitMQ', { skip: rabbitMqSkip || databaseSkip }, async (t) => {
  await proveExactness(t, await startRabbitMq(t), { persists: true, takesWhileGiving: true })
})
