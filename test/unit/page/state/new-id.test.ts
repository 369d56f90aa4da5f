import t from 'tap'
import { newId } from '../../../../page/state/new-id.js'

t.test('ids are UUIDs of version 4, and no two are the same', async (t) => {
  const ids = Array.from({ length: 1000 }, newId)
  for (const id of ids) t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  t.equal(new Set(ids).size, ids.length)
})
