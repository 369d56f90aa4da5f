import t from 'tap'
import { headerValues } from '../../../http/raw-headers.js'

t.test('a header\'s values are found under any spelling of its name, in order', async (t) => {
  t.strictSame(headerValues(['HOST', 'a', 'X', 'host', 'host', 'b', 'Hosts', 'c'], 'host'), ['a', 'b'])
  t.strictSame(headerValues(['X', 'host'], 'host'), [], 'a value is no name')
  t.strictSame(headerValues([], 'host'), [])
  t.strictSame(headerValues(['From', 'c', 'Host', 'a', '', 'd', 'x-host', 'e'], 'host'), ['a'], 'another name of the same length is another')
})
