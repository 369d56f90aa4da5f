import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../app.js'
import { loadConfig } from '../config.js'

const FILE = 'openapi.yaml'

/** Writes the OpenAPI document of this version to openapi.yaml; with `--check` only says whether it is written already. */
async function main (): Promise<void> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'objects-storage-openapi-'))
  const app = build(loadConfig({ DATA_DIR: dataDirectory, LOG_LEVEL: 'warn' }))
  try {
    await app.ready()
    const document = app.swagger({ yaml: true })
    if (!process.argv.includes('--check')) {
      await writeFile(FILE, document)
      console.log(`Wrote ${FILE}.`)
    } else if (await readFile(FILE, 'utf8') === document) {
      console.log(`${FILE} is up to date.`)
    } else {
      console.error(`${FILE} differs from the routes' schemas: run npm run openapi.`)
      process.exitCode = 1
    }
  } finally {
    await app.close()
    await rm(dataDirectory, { recursive: true, force: true })
  }
}

await main()
