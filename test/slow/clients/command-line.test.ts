import { type ExecFileException, execFile, spawnSync } from 'node:child_process'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type DownloadService, startDownloadService } from '../../support/download-service.js'
import { storeKinds } from '../../support/stores.js'

const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251))
const FILE_NAME = 'Übersicht 2024.bin'
const ASCII_NAME = 'Ubersicht 2024.bin'

interface Outcome {
  exitCode: number
  output: Buffer
  errors: string
}

/** Runs a program to its end in a folder. */
function run (program: string, args: string[], folder: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const done = (error: ExecFileException | null, output: Buffer, errors: Buffer) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), output, errors: errors.toString() })
    }
    execFile(program, args, { cwd: folder, encoding: 'buffer', env: { ...process.env, LC_ALL: 'C.UTF-8' } }, done)
  })
}

function missing (program: string): string | false {
  return spawnSync(program, ['--version']).error !== undefined && `${program} is not installed`
}

const [embedded] = storeKinds
if (embedded === undefined) throw new Error('There is always an embedded store.')

for (const mode of ['redirect', 'stream'] as const) {
  t.test(`command lines, with downloads in mode ${mode}`, async (t) => {
    const service = await startDownloadService(t, embedded, { DOWNLOAD_MODE: mode })
    const objectKey = await service.putFile(content, { fileName: FILE_NAME, contentType: 'application/x-numbers' })
    const url = `${service.origin}${service.downloadPath(objectKey)}`
    await t.test('curl', { skip: missing('curl') }, (t) => useCurl(t, service, url))
    await t.test('wget', { skip: missing('wget') }, (t) => useWget(t, url))
  })
}

async function useCurl (t: Test, service: DownloadService, url: string) {
  const curl = (t: Test, ...args: string[]) => run('curl', ['-sS', '--globoff', ...args], t.testdirName)

  await t.test('-L gets the file', async (t) => {
    t.testdir()
    t.match(await curl(t, '-L', url), { exitCode: 0, output: content })
  })

  await t.test('-r gets a part', async (t) => {
    t.testdir()
    t.match(await curl(t, '-L', '-r', '1000-1999', url), { exitCode: 0, output: content.subarray(1000, 2000) })
    t.match(await curl(t, '-L', '-r', '-10', url), { exitCode: 0, output: content.subarray(-10) })
  })

  await t.test('-C - continues where the file ends', async (t) => {
    const folder = t.testdir({ file: content.subarray(0, 1234) })
    const writeOut = ['-w', '%{size_download}']
    t.match(await curl(t, '-L', '-C', '-', '-o', 'file', ...writeOut, url), { exitCode: 0, output: Buffer.from(String(content.length - 1234)) })
    t.ok((await readFile(join(folder, 'file'))).equals(content))
  })

  await t.test('-I gets what describes the file', async (t) => {
    t.testdir()
    const { exitCode, output } = await curl(t, '-I', url)
    t.equal(exitCode, 0)
    t.match(output.toString(), /^HTTP\/1\.1 200 OK\r\n/)
    t.match(output.toString(), new RegExp(`^content-length: ${content.length}\r$`, 'mi'))
    t.match(output.toString(), /^accept-ranges: bytes\r$/mi)
  })

  await t.test('-z gets the file only if it is younger', async (t) => {
    const folder = t.testdir()
    const inline = `${service.origin}${service.downloadPath(await service.putFile('young', { contentType: 'text/html' }), 'inline')}`
    // Streamed in either mode, since behind a redirect it is the store that answers.
    const dayMs = 24 * 60 * 60 * 1000
    const at = (offsetMs: number) => new Date(Date.now() + offsetMs).toUTCString()
    const code = ['-o', 'file', '-w', '%{http_code}']
    t.match(await curl(t, '-z', at(dayMs), ...code, inline), { exitCode: 0, output: Buffer.from('304') })
    t.same(await readdir(folder), [])
    t.match(await curl(t, '-z', at(-dayMs), ...code, inline), { exitCode: 0, output: Buffer.from('200') })
    t.equal(await readFile(join(folder, 'file'), 'utf8'), 'young')
  })

  await t.test('-OJ saves the file under its name', async (t) => {
    const folder = t.testdir()
    t.match(await curl(t, '-L', '-O', '-J', url), { exitCode: 0 })
    t.same(await readdir(folder), [ASCII_NAME])
    t.ok((await readFile(join(folder, ASCII_NAME))).equals(content))
  })

  await t.test('--compressed gets the file as it is', async (t) => {
    t.testdir()
    t.match(await curl(t, '-L', '--compressed', url), { exitCode: 0, output: content })
  })

  await t.test('-f says that a file is missing', async (t) => {
    t.testdir()
    t.match(await curl(t, '-L', '-f', url.replace(/[^%]*$/, 'x')), { exitCode: 22 })
  })
}

async function useWget (t: Test, url: string) {
  const wget = (t: Test, ...args: string[]) => run('wget', ['--no-verbose', ...args], t.testdirName)

  await t.test('-c continues where the file ends, and stops when it has it all', async (t) => {
    const folder = t.testdir({ file: content.subarray(0, 1234) })
    const path = join(folder, 'file')
    t.match(await wget(t, '-c', '-O', 'file', url), { exitCode: 0 })
    t.ok((await readFile(path)).equals(content))
    t.match(await wget(t, '-c', '-O', 'file', url), { exitCode: 0 })
    t.ok((await readFile(path)).equals(content))
  })

  await t.test('-c does not add to a file that is another', async (t) => {
    const folder = t.testdir()
    await writeFile(join(folder, 'file'), Buffer.alloc(content.length + 1))
    await wget(t, '-c', '-O', 'file', url)
    t.equal((await readFile(join(folder, 'file'))).length, content.length + 1)
  })

  await t.test('--content-disposition saves the file under its name', async (t) => {
    const folder = t.testdir()
    t.match(await wget(t, '--content-disposition', url), { exitCode: 0 })
    const [name = ''] = await readdir(folder)
    t.ok([FILE_NAME, ASCII_NAME].includes(name), name)
    t.ok((await readFile(join(folder, name))).equals(content))
  })
}
