import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Found, filesOf, findSources, shown } from '../../../transfer/local-files.js'

async function makeFolder (t: Pick<Test, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What is found in some paths, one line for each, in no particular order. */
async function find (...paths: string[]): Promise<string[]> {
  const lines: string[] = []
  const describe = (found: Found) => found.kind === 'file' ? found.file.path : `${found.kind} ${found.path}: ${found.reason}`
  for await (const found of filesOf(await findSources(paths))) lines.push(describe(found))
  return lines.sort()
}

t.test('a folder keeps its name, unless only its contents are named', async (t) => {
  const folder = await makeFolder(t)
  await mkdir(join(folder, 'results', 'plots'), { recursive: true })
  for (const name of ['results/a.txt', 'results/plots/größe.png', 'b.txt']) await writeFile(join(folder, name), 'x')
  await symlink(join(folder, 'results'), join(folder, 'named'))

  t.strictSame(await find(join(folder, 'results')), ['results/a.txt', 'results/plots/größe.png'])
  for (const name of ['results/', 'results/.', 'results/plots/..']) t.strictSame(await find(`${folder}/${name}`), ['a.txt', 'plots/größe.png'], name)
  t.strictSame(await find(join(folder, 'b.txt'), join(folder, 'results', 'plots')), ['b.txt', 'plots/größe.png'])
  t.strictSame(await find(join(folder, 'named')), ['named/a.txt', 'named/plots/größe.png'], 'a link that is named is followed')
})

t.test('what is no file is left out, and files whose names or paths cannot be are named', async (t) => {
  const folder = await makeFolder(t)
  const deep = 'd'.repeat(200)
  await mkdir(join(folder, deep, deep), { recursive: true })
  await writeFile(join(folder, deep, deep, 'file'), 'x')
  await writeFile(join(folder, 'line\nbreak'), 'x')
  await writeFile(Buffer.concat([Buffer.from(`${folder}/latin-`), Buffer.from([0xe9])]), 'x')
  await symlink('/etc/passwd', join(folder, 'out'))
  await symlink('.', join(folder, 'round'))

  t.strictSame(await find(`${folder}/`), [
    'left-out out: a symbolic link',
    'left-out round: a symbolic link',
    `problem ${deep}/${deep}/file: the path has 406 bytes, and may have 400`,
    'problem latin-\uFFFD: the name is not UTF-8',
    'problem line\nbreak: names have 1 to 255 bytes, no control characters, and are not . or ..',
  ])
  t.equal(shown('line\nbreak\u202Etxt\x1B[2J'), 'line\uFFFDbreak\uFFFDtxt\uFFFD[2J')
})

t.test('two files of one path are a problem', async (t) => {
  const folder = await makeFolder(t)
  for (const name of ['one', 'two']) {
    await mkdir(join(folder, name, 'sub'), { recursive: true })
    await writeFile(join(folder, name, 'sub', 'same.txt'), name)
    await writeFile(join(folder, name, `${name}.txt`), name)
  }
  const reason = 'another file that is named has the same path'
  t.strictSame(await find(`${folder}/one/`, `${folder}/two/`), ['one.txt', `problem sub/same.txt: ${reason}`, 'sub/same.txt', 'two.txt'])
  t.strictSame(await find(join(folder, 'one', 'sub'), join(folder, 'two', 'sub')), [`problem sub/same.txt: ${reason}`, 'sub/same.txt'])
  t.strictSame(await find(join(folder, 'one', 'one.txt'), `${folder}/one/`), ['one.txt', `problem one.txt: ${reason}`, 'sub/same.txt'])
  await t.rejects(findSources([join(folder, 'three')]), { name: 'TransferError', message: /cannot be read \(ENOENT\)/ })
})
