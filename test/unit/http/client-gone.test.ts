import { getMaxListeners } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { signalWhenGone } from '../../../http/client-gone.js'

const answer = () => new ServerResponse(new IncomingMessage(new Socket()))

t.test('the signal is aborted once the connection is closed, and not before', async (t) => {
  const response = answer()
  const signal = signalWhenGone(response)
  response.emit('finish')
  t.equal(signal.aborted, false)
  response.emit('close')
  t.equal(signal.aborted, true)
})

t.test('if the connection is already closed, the signal is aborted at once', async (t) => {
  t.equal(signalWhenGone(answer().destroy()).aborted, true)
})

t.test('any number of things may wait for it', async (t) => {
  t.equal(getMaxListeners(signalWhenGone(answer())), Infinity)
})
