import { EventEmitter, getMaxListeners } from 'node:events'
import t from 'tap'
import { signalWhenGone } from '../../../http/client-gone.js'

const answer = (destroyed: boolean) => Object.assign(new EventEmitter(), { destroyed })

t.test('the signal is aborted once the connection is closed, and not before', async (t) => {
  const response = answer(false)
  const signal = signalWhenGone(response)
  response.emit('finish')
  t.equal(signal.aborted, false)
  response.emit('close')
  t.equal(signal.aborted, true)
})

t.test('where the connection is closed already, the signal is aborted at once', async (t) => {
  t.equal(signalWhenGone(answer(true)).aborted, true)
})

t.test('any number of things may wait for it', async (t) => {
  t.equal(getMaxListeners(signalWhenGone(answer(false))), Infinity)
})
