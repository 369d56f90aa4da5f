import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { member, startService } from '../../support/service.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))
const content = 'Hello, storage!\n'

/** Compiler settings for a generated client: strict, without the project's own additions. */
const sdkConfig = {
  compilerOptions: {
    composite: true,
    strict: true,
    target: 'ES2023',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    module: 'NodeNext',
    types: [],
    rootDir: '.',
    outDir: 'dist',
  },
  include: ['sdk'],
}

const driverConfig = {
  extends: join(root, 'tsconfig.json'),
  compilerOptions: { rootDir: '.', outDir: 'dist' },
  include: ['generated-client-driver.ts'],
  // The project excludes the folder in which tests keep theirs.
  exclude: [],
  references: [{ path: 'tsconfig.sdk.json' }],
}

t.test('a client that openapi-ts generates compiles with a strict program that uses it', async (t) => {
  const folder = t.testdir({
    'tsconfig.sdk.json': JSON.stringify(sdkConfig),
    'tsconfig.json': JSON.stringify(driverConfig),
  })
  const bin = join(root, 'node_modules/.bin')
  await run(join(bin, 'openapi-ts'), ['--silent', '--no-log-file', '--input', join(root, 'openapi.yaml'), '--output', 'sdk'], { cwd: folder })
  await copyFile(join(root, 'test/slow/client/generated-client-driver.ts'), join(folder, 'generated-client-driver.ts'))
  const compiled = await run(join(bin, 'tsc'), ['--build'], { cwd: folder }).catch((error) => error)
  t.equal(compiled.stdout, '')
  const driver = await import(pathToFileURL(join(folder, 'dist/generated-client-driver.js')).href)

  const { app, authorise } = await startService(t)
  const baseUrl = await app.listen({ host: '127.0.0.1', port: 0 })
  const service = {
    baseUrl, token: authorise(member).authorization.replace('Bearer ', ''), usageSettled: () => app.bucketEvents.settled(),
  }

  await t.test('a file is uploaded, downloaded and counted', async (t) => {
    t.strictSame(await driver.followFile(service, content), {
      status: 200,
      fileName: 'hello.txt',
      bytes: 16,
      contentType: 'text/plain',
      downloaded: content,
      totalBytes: 16,
      fileCount: 1,
      workflowBytes: 16,
    })
  })

  await t.test('errors have the codes that the types name', async (t) => {
    t.strictSame(await driver.collectErrorCodes(service), ['OBJECT_NOT_FOUND', 'INVALID_REQUEST', 'INVALID_REQUEST', 'TOKEN_REQUIRED'])
  })
})
