import t from 'tap'
import type { Entry } from '../../../../page/state/entry.js'
import { sortEntries } from '../../../../page/state/sort-entries.js'

const folder = (path: string, bytes?: number): Entry => ({ kind: 'folder', path, bytes })
const file = (path: string, bytes: number, createdAt: string | null): Entry => ({
  kind: 'file',
  path,
  file: {
    objectKey: path, fileName: path, path, direction: 'inputs', createdBy: '5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b', bytes, createdAt, downloadUrl: path,
  },
})

// As the service gives two pages: folders first on each.
const entries = [
  folder('a/', 10), folder('B/'), file('a.txt', 20, '2026-01-02T00:00:00.000Z'), folder('c/', 30), file('z10', 5, null),
  file('z2', 5, '2026-01-01T00:00:00.000Z'),
]

for (const [key, isDescending, expected] of [
  ['name', false, ['a/', 'B/', 'c/', 'a.txt', 'z10', 'z2']],
  ['name', true, ['z2', 'z10', 'a.txt', 'c/', 'B/', 'a/']],
  ['size', true, ['c/', 'a.txt', 'a/', 'z10', 'z2', 'B/']],
  ['size', false, ['z10', 'z2', 'a/', 'a.txt', 'c/', 'B/']],
  ['time', true, ['a.txt', 'z2', 'a/', 'B/', 'c/', 'z10']],
  ['time', false, ['z2', 'a.txt', 'a/', 'B/', 'c/', 'z10']],
] as const) {
  t.test(`by ${key}, ${isDescending ? 'descending' : 'ascending'}, what is not known comes last`, async (t) => {
    t.strictSame(sortEntries(entries, key, isDescending).map(({ path }) => path), expected)
  })
}

t.test('what is sorted stays as it was', async (t) => {
  const before = [...entries]
  sortEntries(entries, 'name', true)
  t.strictSame(entries, before)
})
