import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import t, { type Test } from 'tap'
import { createClient } from '../../../client/index.js'
import { type Commands, compileCommands } from '../../support/command-process.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { createEmbeddedDirectory } from '../../support/embedded-template.js'
import { freePort } from '../../support/free-port.js'
import { TOKEN_SECRET, member, runId, workflowId } from '../../support/service.js'
import { type ServiceProcess, startServiceProcess } from '../../support/service-process.js'
import { storeKinds } from '../../support/stores.js'
import { startTransferProxy } from '../../support/transfer-proxy.js'

/** `TRANSFER_BYTES=6442450944` makes the test run longer. */
const SIZE_BYTES = Number(process.env.TRANSFER_BYTES ?? 200 * 1024 ** 2)
const PART_BYTES = Math.max(5 * 1024 ** 2, Math.ceil(SIZE_BYTES / 10_000))
/** How many parts the command sends at a time. */
const PARTS_AT_A_TIME = 4
const PARTS = Math.ceil(SIZE_BYTES / PART_BYTES)
const MEMORY_MAX_KIB = 200 * 1024
/** The command's memory, as Linux counts it. */
const canMeasure = process.platform === 'linux'

for (const { name, skip, environment, remove } of storeKinds) {
  const isReal = name === 'real S3'
  const without = skip !== false ? skip : isReal && testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set'

  t.test(`put and get of ${SIZE_BYTES} bytes, killed half-way, and with the service killed, on the ${name}`, { skip: without, timeout: 3_600_000 }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const location = join(folder, 'big.bin')
    await writeSparse(location)
    const commands = await compileCommands(t)
    const storeEnvironment = environment()
    t.teardown(() => remove(storeEnvironment))
    const port = String(await freePort())
    const toService = await startTransferProxy(t, `http://127.0.0.1:${port}`)
    const toStore = isReal ? await startTransferProxy(t, storeEnvironment.S3_ENDPOINT ?? '') : toService
    const settings = {
      ...storeEnvironment,
      ...isReal ? { S3_PUBLIC_ENDPOINT: toStore.origin } : {},
      ...await databaseSettings(t, isReal, folder),
      PORT: port,
      JWT_SECRET: TOKEN_SECRET,
      LOG_LEVEL: 'info',
      MAX_EVENT_LOOP_DELAY: '0',
    }
    const token = await mintToken(commands, settings)
    const client = { OBJECTS_STORAGE_URL: toService.origin, OBJECTS_STORAGE_TOKEN: token, XDG_STATE_HOME: join(folder, 'state') }
    const put = ['put', location, '--workflow', workflowId, '--run', runId, '--outputs']
    let service: ServiceProcess = await startServiceProcess(t, commands, settings)
    const startedAtMs = performance.now()

    // The command is killed when half of the parts have arrived.
    const half = toStore.holdPuts(Math.ceil(PARTS / 2))
    const first = commands.start('objects-storage', put, client)
    await Promise.race([half, first.ended.then(({ errors }) => { throw new Error(errors) })])
    const memory = [await peakMemory(first.child.pid)]
    first.child.kill('SIGKILL')
    t.equal((await first.ended).signal, 'SIGKILL')
    const arrived = partsOf(toStore.answered)
    t.ok(arrived.length >= Math.ceil(PARTS / 2) && arrived.length < PARTS, `${arrived.length} of ${PARTS} parts`)
    const records = join(folder, 'state', 'objects-storage', 'uploads')
    const [command = ''] = await readdir(records)
    t.equal((await stat(join(records, command))).mode & 0o077, 0, 'what is kept is its owner\'s')
    toStore.release()
    toStore.answered.length = 0

    // The service is killed when another quarter has arrived.
    const threeQuarters = toStore.holdPuts(Math.ceil(PARTS / 4))
    const second = commands.start('objects-storage', put, client)
    await Promise.race([threeQuarters, second.ended.then(({ errors }) => { throw new Error(errors) })])
    service.child.kill('SIGKILL')
    await service.exited
    const completing = toService.beforeNext('/uploads/complete', async () => { memory.push(await peakMemory(second.child.pid)) })
    toStore.release()
    service = await startServiceProcess(t, commands, settings)
    await Promise.race([completing, second.ended])
    const { exitCode, output, errors } = await second.ended
    t.strictSame({ exitCode, output }, { exitCode: 0, output: 'big.bin\n' }, errors)
    const again = partsOf(toStore.answered)
    t.strictSame(again.filter((part) => arrived.includes(part)), [], 'no part that had arrived was sent again')
    // The storage may have had parts whose answers were lost with the service.
    const answered = new Set([...arrived, ...again]).size
    t.ok(answered <= PARTS && answered > PARTS - PARTS_AT_A_TIME, `${answered} of ${PARTS} parts were answered`)
    t.strictSame(await readdir(records), [], 'nothing is kept once all has been sent')
    const putMs = performance.now() - startedAtMs
    const { data: usage } = await createClient({ baseUrl: toService.origin, token }).GET('/api/v1/objects/storage-usage')
    t.match(usage, { fileCount: 1, totalBytes: SIZE_BYTES })

    // Then the command that fetches it.
    const out = join(folder, 'out')
    const get = ['get', '--run', `${workflowId}/${runId}`, '--to', out]
    const fetchedHalf = toStore.holdBodies(Math.ceil(SIZE_BYTES / 2))
    const third = commands.start('objects-storage', get, client)
    await Promise.race([fetchedHalf, third.ended.then(({ errors }) => { throw new Error(errors) })])
    memory.push(await peakMemory(third.child.pid))
    third.child.kill('SIGKILL')
    await third.ended
    const [part = ''] = await readdir(join(out, 'outputs'))
    t.match(part, /^\.objects-storage-[0-9a-f]+\.part$/, 'there is no file of that name until it is whole')
    const { size: hadBytes } = await stat(join(out, 'outputs', part))
    t.ok(hadBytes > SIZE_BYTES / 4, `${hadBytes} bytes had arrived`)
    toStore.release()
    toStore.fetchedBytes = 0
    t.match(await commands.run('objects-storage', get, client), { exitCode: 0, output: 'outputs/big.bin\n' })
    t.ok(toStore.fetchedBytes < SIZE_BYTES - hadBytes + 100_000, 'only what was missing was fetched')
    t.strictSame(await readdir(join(out, 'outputs')), ['big.bin'])
    t.equal(await digestOf(join(out, 'outputs', 'big.bin')), await digestOf(location))
    for (const peak of canMeasure ? memory : []) t.ok(peak < MEMORY_MAX_KIB, `${peak} KiB at most`)
    t.comment(`sent in ${Math.round(putMs)} ms with both kills, ${memory.join(', ')} KiB at most`)
    service.child.kill('SIGKILL')
    await service.exited
  })
}

/** Mostly holes, with something at the beginning of every 16 MiB so that no two parts are mistaken for each other. */
async function writeSparse (location: string): Promise<void> {
  const handle = await open(location, 'w')
  for (let at = 0; at < SIZE_BYTES; at += 16 * 1024 ** 2) await handle.write(Buffer.from(`at ${at}`), 0, null, at)
  await handle.truncate(SIZE_BYTES)
  await handle.close()
}

async function databaseSettings (t: Pick<Test, 'teardown'>, isReal: boolean, folder: string): Promise<Record<string, string>> {
  const DATA_DIR = join(folder, 'data')
  if (isReal) {
    const { url, close } = await createServerDatabase(testDatabaseUrl ?? '')
    t.teardown(close)
    return { DATA_DIR, DATABASE_URL: url }
  }
  await createEmbeddedDirectory(join(DATA_DIR, 'database'))
  return { DATA_DIR }
}

async function mintToken (commands: Commands, settings: Record<string, string>): Promise<string> {
  const { orgKey, userId } = member
  const { output } = await commands.run('token', ['--role', 'member', '--org', orgKey, '--user', userId], settings)
  return output.trim()
}

function partsOf (requests: ReadonlyArray<{ method: string, statusCode: number, partNumber: number | undefined }>): number[] {
  return requests.flatMap(({ method, statusCode, partNumber }) => method === 'PUT' && statusCode === 200 && partNumber !== undefined ? [partNumber] : [])
}

/** In KiB; NaN if it is not known. */
async function peakMemory (pid = 0): Promise<number> {
  if (!canMeasure) return NaN
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])
}

async function digestOf (location: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(location), hash)
  return hash.digest('hex')
}
