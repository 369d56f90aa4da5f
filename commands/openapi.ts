import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from '../app.js'
import { loadConfig } from '../config.js'

const FILE = 'openapi.yaml'

/** Settings with which every operation exists, since the document describes even those that have to be configured. */
const EVERY_DOOR = {
  EVENTS_TOKEN: 'token-of-no-service',
  EVENTS_PATH_TOKEN: 'true',
  EVENTS_SNS_TOPIC_ARN: 'arn:aws:sns:us-east-1:123456789012:objects',
  EVENTS_PUBSUB_AUDIENCE: 'https://files.example.com',
  EVENTS_PUBSUB_ACCOUNT: 'objects@example.com',
}

const HELP = `Writes the OpenAPI document of this version to ${FILE}.

  npm run openapi -- [--check]

  --check  only say whether it is up to date

Exit code: 0 it is as it should be, 1 it differs.
`

async function main (): Promise<void> {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const dataDirectory = await mkdtemp(join(tmpdir(), 'objects-storage-openapi-'))
  const app = build(loadConfig({ DATA_DIR: dataDirectory, LOG_LEVEL: 'warn', ...EVERY_DOOR }))
  try {
    await app.ready()
    const document = app.swagger({ yaml: true })
    if (!values.check) {
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
