import fc from 'fast-check'
import t from 'tap'
import { foldedPath, storablePath, uniqueNames } from '../../../archives/entry-names.js'
import { isPath } from '../../../objects/object-key.js'

/** The names that files with these paths get, in the order of the archive. */
function namesOf (paths: readonly string[]): string[] {
  const files = paths.map((path) => ({ storable: storablePath(path), folded: foldedPath(storablePath(path)) }))
  return [...uniqueNames(files.toSorted((one, other) => one.folded < other.folded ? -1 : one.folded > other.folded ? 1 : 0))]
}

t.test('paths that every system can store stay as they are', async (t) => {
  const paths = ['a.png', 'plots/2026/a.png', '報告/結果.csv', 'Ω/été.txt', '.hidden', 'no extension', 'a~b.txt', 'x~2y.txt', '100%.txt', `${'n'.repeat(251)}.txt`]
  t.same(new Set(namesOf(paths)), new Set(paths))
})

t.test('what Windows refuses is replaced', async (t) => {
  for (const [path, name] of [
    ['a<b>:"c|d?*\\e.txt', 'a_b___c_d___e.txt'], ['CON', '_CON'], ['nul.txt', '_nul.txt'], ['com1.tar.gz', '_com1.tar.gz'], ['LPT¹', '_LPT¹'],
    ['conin$', '_conin$'], ['aux .c', '_aux .c'], ['console', 'console'], ['com', 'com'], ['trailing. .', 'trailing___'], ['a ', 'a_'], ['...', '___'],
    ['CON/a./b', '_CON/a_/b'],
  ] as const) t.same(namesOf([path]), [name])
})

t.test('names that are the same where case is ignored are numbered, before their extension', async (t) => {
  t.same(namesOf(['Plot.PNG', 'plot.png', 'PLOT.png']), ['Plot.PNG', 'plot~2.png', 'PLOT~3.png'])
  t.same(namesOf(['caf\u00e9', 'cafe\u0301']), ['caf\u00e9', 'cafe\u0301~2'])
  t.same(namesOf(['σ', 'ς', 'Σ']), ['σ', 'ς~2', 'Σ~3'])
  t.same(namesOf(['a.tar.gz', 'A.tar.gz']), ['a.tar.gz', 'A.tar~2.gz'])
  t.same(namesOf(['.env', '.ENV']), ['.env', '.ENV~2'])
  t.same(namesOf(['a/b', 'A/B']), ['a/b', 'A/B~2'])
})

t.test('a file that has the name of a folder is numbered', async (t) => {
  t.same(namesOf(['a', 'a/b']), ['a~1', 'a/b'])
  t.same(namesOf(['A', 'a b', 'a.b', 'a/b/c', 'a/b']), ['A~1', 'a/b~1', 'a/b/c', 'a b', 'a.b'])
})

t.test('a name that looks as if it had been numbered here is numbered once more', async (t) => {
  t.same(namesOf(['a', 'A', 'a~2']), ['a', 'A~2', 'a~2~1'])
  t.same(namesOf(['a', 'a/b', 'a~1/c']), ['a~1', 'a/b', 'a~1~0/c'])
})

t.test('no name is longer than file systems store', async (t) => {
  const long = `${'é'.repeat(125)}.png`
  for (const name of namesOf([long, long.toUpperCase(), `con.${'x'.repeat(251)}`, `${'c'.repeat(255)}`, 'C'.repeat(255)])) {
    t.ok(Buffer.byteLength(name) <= 255, name)
  }
  const [kept, shortened = ''] = namesOf([long, long])
  t.equal(kept, long)
  t.match(shortened, /^é+~[0-9a-f]{24}\.png$/)
})

// Few letters, so that names collide.
const segment = fc.stringMatching(/^[aA~12.é ]{1,5}$/).filter((name) => isPath(name))
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
const longSegment = fc.constantFrom('a', 'A', 'b', 'é').map((letter) => letter.repeat(letter === 'é' ? 127 : 255))

t.test('no two names meet, and none is a folder, whatever the paths are', async (t) => {
  fc.assert(fc.property(fc.array(fc.oneof({ arbitrary: path, weight: 9 }, longSegment), { maxLength: 40 }), (paths) => {
    const names = namesOf(paths).map((name) => name.normalize('NFC').toLowerCase().toUpperCase())
    const folders = new Set(names.flatMap((name) => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index))))
    return names.length === paths.length && new Set(names).size === names.length && names.every((name) =>
      !folders.has(name) && isPath(name))
  }), { numRuns: 2_000 })
  t.pass('held')
})
