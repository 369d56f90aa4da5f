import t from 'tap'
import { type Place, folderOf, formatPlace, nameOf, parsePlace } from '../../../../page/state/address.js'

const workflowId = '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10'
const runId = '9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3'

t.test('every place has an address that leads back to it', async (t) => {
  const places: Place[] = [
    { name: 'overview' }, { name: 'largest' }, { name: 'links' }, { name: 'users' }, { name: 'user', userId: runId },
    { name: 'workflow', workflowId },
    ...['', 'plots/', 'a.png', 'plots/2026/ü €.txt', '100%/a+b?c#d&e=f.txt', 'runs/runs/', 'C:\\x', 'a\u202eb', '%2F/%00']
      .map((path) => ({ name: 'run' as const, workflowId, runId, path })),
  ]
  for (const place of places) t.same(parsePlace(formatPlace(place)), place, formatPlace(place))
  for (const place of places) t.notMatch(formatPlace(place), /[?#\s]/, 'no address has a query or a fragment')
  const second: Place = { name: 'run', workflowId, runId, path: 'a?.png', nth: 2 }
  const [path = '', query = ''] = formatPlace(second).split('?')
  t.same(parsePlace(path, `?${query}`), second, 'but that of another file with the same path')
})

t.test('an address that nobody would write is that of nothing, or of the same with or without a slash', async (t) => {
  for (const path of ['/nowhere', '/workflows', '/workflows/a/b', '/links/more', '/users/a/b']) {
    t.same(parsePlace(path), { name: 'unknown' }, path)
  }
  t.same(parsePlace('/'), { name: 'overview' })
  t.same(parsePlace(`/workflows/${workflowId}/`), { name: 'workflow', workflowId })
  t.same(parsePlace(`/workflows/${workflowId}/runs/${runId}`), { name: 'run', workflowId, runId, path: '' })
  t.same(parsePlace('/workflows/%E0%A4%A'), { name: 'workflow', workflowId: '%E0%A4%A' }, 'what cannot be decoded stays')
})

t.test('a path has a folder and a name', async (t) => {
  for (const [path, folder, name] of [['', '', ''], ['a', '', 'a'], ['a/', 'a/', 'a'], ['a/b', 'a/', 'b'], ['a/b/', 'a/b/', 'b']] as const) {
    t.equal(folderOf(path), folder, path)
    t.equal(nameOf(path), name, path)
  }
})
