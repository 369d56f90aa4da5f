import { type ExecFileException, execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeFolder, openStore, options } from '../../../support/test-store.js'

/* The embedded store used by other programs and libraries, which differ in what they send with a request. */

const MIB = 1024 ** 2
const small = Buffer.from('small')
/** Enough for three parts of the minimum size. */
const large = randomBytes(11 * MIB)

interface Outcome {
  exitCode: number
  output: string
  errors: string
}

/** What a client needs: a store, a folder with files to upload, and a way to run programs there. */
interface Workplace {
  endpoint: string
  folder: string
  run: (program: string, args: string[], environment?: Record<string, string>) => Promise<Outcome>
}

async function openWorkplace (t: Test): Promise<Workplace> {
  const store = await openStore(t, await makeFolder(t), { region: 'us-east-1' })
  const folder = await makeFolder(t)
  await mkdir(join(folder, 'files', 'a b'), { recursive: true })
  await writeFile(join(folder, 'files', 'a b', 'smäll.txt'), small)
  await writeFile(join(folder, 'files', 'large.bin'), large)
  const run = (program: string, args: string[], environment: Record<string, string> = {}) => new Promise<Outcome>((resolve) => {
    const done = (error: ExecFileException | null, output: string, errors: string) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), output, errors })
    }
    // With its own home folder, so that nobody's settings are found there.
    const env = { PATH: process.env.PATH ?? '', HOME: folder, LC_ALL: 'C.UTF-8', ...environment }
    execFile(program, args, { cwd: folder, env, maxBuffer: 16 * MIB }, done)
  })
  return { endpoint: store.endpoint, folder, run }
}

function missing (program: string, ...args: string[]): string | false {
  return spawnSync(program, args).status !== 0 && `${program} is not installed`
}

const isDone = { exitCode: 0 }

t.test('rclone', { skip: missing('rclone', 'version') }, async (t) => {
  const { endpoint, folder, run } = await openWorkplace(t)
  const rclone = (...args: string[]) => run('rclone', ['--config', '', '--retries', '1', '--low-level-retries', '1', ...args], {
    RCLONE_CONFIG_STORE_TYPE: 's3',
    RCLONE_CONFIG_STORE_PROVIDER: 'Other',
    RCLONE_CONFIG_STORE_ENDPOINT: endpoint,
    RCLONE_CONFIG_STORE_REGION: 'us-east-1',
    RCLONE_CONFIG_STORE_ACCESS_KEY_ID: options.accessKey,
    RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY: options.secretKey,
    RCLONE_S3_UPLOAD_CUTOFF: '5M',
    RCLONE_S3_CHUNK_SIZE: '5M',
  })
  const remote = `store:${options.bucket}/rclone`
  t.match(await rclone('copy', 'files', remote), isDone, 'uploads, in parts too')
  t.match(await rclone('check', '--download', 'files', remote), isDone, 'finds the same bytes there')
  t.match(await rclone('sync', remote, 'back'), isDone, 'downloads')
  t.ok((await readFile(join(folder, 'back', 'large.bin'))).equals(large))
  t.match((await rclone('lsf', '-R', '--files-only', remote)).output.split('\n').sort(), ['', 'a b/smäll.txt', 'large.bin'])
  t.match(await rclone('deletefile', `${remote}/large.bin`), isDone)
  t.match(await rclone('purge', remote), isDone)
  t.equal((await rclone('lsf', '-R', '--files-only', remote)).output, '')
})

t.test('s3cmd', { skip: missing('s3cmd', '--version') }, async (t) => {
  const { endpoint, folder, run } = await openWorkplace(t)
  const { host } = new URL(endpoint)
  const s3cmd = (...args: string[]) => run('s3cmd', [
    '--config=/dev/null', `--access_key=${options.accessKey}`, `--secret_key=${options.secretKey}`, `--host=${host}`, `--host-bucket=${host}`,
    '--no-ssl', '--region=us-east-1', '--multipart-chunk-size-mb=5', ...args,
  ])
  const remote = `s3://${options.bucket}/s3cmd/`
  t.match(await s3cmd('put', '--recursive', 'files/', remote), isDone, 'uploads, in parts too')
  t.match(await s3cmd('put', '--storage-class=STANDARD', '--acl-private', 'files/large.bin', `${remote}again`), isDone, 'says what holds anyway')
  const { output } = await s3cmd('ls', '--recursive', remote)
  t.match(output.split('\n').map((line) => line.split('/s3cmd/')[1]), ['a b/smäll.txt', 'again', 'large.bin', undefined])
  t.match(await s3cmd('get', `${remote}large.bin`, 'back.bin'), isDone, 'downloads')
  t.ok((await readFile(join(folder, 'back.bin'))).equals(large))
  t.match(await s3cmd('sync', 'files/', remote), isDone, 'sees what is there')
  t.match(await s3cmd('del', '--recursive', '--force', remote), isDone)
  t.equal((await s3cmd('ls', '--recursive', remote)).output, '')
})

// Debian's, if it is installed: another one that is first on the path may have any version.
const aws = missing('/usr/bin/aws', '--version') === false ? '/usr/bin/aws' : 'aws'

t.test('the AWS command line', { skip: missing(aws, '--version') }, async (t) => {
  const { endpoint, folder, run } = await openWorkplace(t)
  const environment = {
    AWS_ACCESS_KEY_ID: options.accessKey, AWS_SECRET_ACCESS_KEY: options.secretKey, AWS_DEFAULT_REGION: 'us-east-1', AWS_MAX_ATTEMPTS: '1',
  }
  const command = (...args: string[]) => run(aws, ['--endpoint-url', endpoint, ...args], environment)
  const api = (operation: string, ...args: string[]) => command('s3api', operation, '--bucket', options.bucket, ...args)
  const remote = `s3://${options.bucket}/aws/`
  t.comment((await run(aws, ['--version'], environment)).output.trim())
  t.match(await command('s3', 'cp', '--recursive', 'files', remote), isDone, 'uploads, in parts too')
  t.match(await command('s3', 'sync', remote, 'back'), isDone, 'downloads')
  t.ok((await readFile(join(folder, 'back', 'large.bin'))).equals(large))
  for (const algorithm of ['CRC32', 'SHA1', 'SHA256']) {
    const put = await api('put-object', '--key', 'aws/sum', '--body', 'files/large.bin', '--checksum-algorithm', algorithm)
    t.match(put, isDone, algorithm)
    const head = await api('head-object', '--key', 'aws/sum', '--checksum-mode', 'ENABLED')
    t.match(head.output, `"Checksum${algorithm}"`, `${algorithm} is kept`)
  }
  t.match(await api('put-object', '--key', 'aws/acl', '--body', 'files/large.bin', '--acl', 'private', '--storage-class', 'STANDARD'), isDone)
  t.not((await api('put-object', '--key', 'aws/acl', '--body', 'files/large.bin', '--acl', 'public-read')).exitCode, 0)
  const listing = await api('list-objects-v2', '--prefix', 'aws/', '--fetch-owner', '--query', 'Contents[].[Key,Owner.DisplayName]', '--output', 'text')
  t.match(listing.output, 'aws/acl\tobjects-storage\n')
  t.match(await command('s3', 'rm', '--recursive', remote), isDone)
  t.equal((await command('s3', 'ls', '--recursive', remote)).output, '')
})

t.test('boto3, as new as it gets', { skip: missing('python3', '-c', 'import ensurepip, venv') }, async (t) => {
  const { endpoint, folder, run } = await openWorkplace(t)
  const python = join(folder, 'python', 'bin', 'python')
  t.match(await run('python3', ['-m', 'venv', 'python']), isDone)
  // With the common runtime, which has the checksums that Python lacks.
  const installed = await run(python, ['-m', 'pip', 'install', '--quiet', '--retries', '1', 'boto3[crt]>=1.38'])
  if (installed.exitCode !== 0) {
    t.pass('pip does not install boto3 here', { skip: installed.errors.trim().split('\n').at(-1) ?? true })
    return
  }
  const used = await run(python, [join(process.cwd(), 'test/slow/embedded/s3/use-boto3.py')], {
    ENDPOINT: endpoint, BUCKET: options.bucket, ACCESS_KEY: options.accessKey, SECRET_KEY: options.secretKey,
  })
  const lines = used.output.trim().split('\n')
  t.comment(lines[0])
  for (const line of lines.slice(1)) t.match(line, /^ok - /, line.replace(/^(?:not )?ok - /, ''))
  t.match(used, isDone, used.errors)
})
