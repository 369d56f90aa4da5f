import { readFile, stat } from 'node:fs/promises'
import t from 'tap'
import { rooms } from '../../../eslint.rooms.js'

const root = new URL('../../../', import.meta.url)
const page = await readFile(new URL('docs/ARCHITECTURE.md', root), 'utf8')

t.test('docs/ARCHITECTURE.md has an answer to twelve questions or more, each of them one file', async (t) => {
  const section = page.split(/^## /m).find((part) => part.startsWith('Questions')) ?? ''
  const rows = [...section.matchAll(/^\| .*\? \| \[`([^`]+)`\]\(\.\.\/([^)]+)\) \|$/gm)]
  t.ok(rows.length >= 12)
  for (const [, name, path] of rows) t.equal(name, path)
})

t.test('every file and folder that docs/ARCHITECTURE.md names is there', async (t) => {
  const names = [...page.matchAll(/`([\w.-]+\/[\w./-]*|[\w-]+\.(?:ts|js|md))`/g)].map(([, name = '']) => name)
  t.ok(names.length > 40)
  for (const name of new Set(names)) await t.resolves(stat(new URL(name, root)), name)
})

t.test('docs/ARCHITECTURE.md says of the rooms what the linter enforces', async (t) => {
  const rows = [...page.matchAll(/^\| `([\w-]+)\/` \|.*\| ([^|]*) \|$/gm)].map(([, room = '', imports = '']) => ({ room, imports }))
  t.same(rows.map(({ room }) => room).toSorted(), Object.keys(rooms).toSorted())
  const listed = rows.filter(({ imports }) => /^(nothing|`[\w-]+`(, `[\w-]+`)*)$/.test(imports))
  t.ok(listed.length >= 10)
  for (const { room, imports } of listed) {
    t.same([...imports.matchAll(/`([\w-]+)`/g)].map(([, name]) => name), rooms[room]?.imports, room)
  }
})
