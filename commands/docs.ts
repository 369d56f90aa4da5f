import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { environmentExample, settingsTables } from '../config/documents.js'
import { errorsTable } from '../schemas/error-documents.js'

const HELP = `Writes the documents that follow from the code: .env.example, docs/configuration.md and docs/errors.md.

  npm run docs -- [--check]

  --check  only say which of them differ

Exit code: 0 they are as they should be, 1 one differs.
`

/** The files generated from the code, each with how its new text follows from its current text. */
const documents: Array<{ path: string, render: (current: string) => string }> = [
  { path: '.env.example', render: environmentExample },
  { path: 'docs/configuration.md', render: (current) => replaceGenerated(current, settingsTables()) },
  { path: 'docs/errors.md', render: (current) => replaceGenerated(current, errorsTable()) },
]

/** Replaces the generated part of a page, which is enclosed by two comments. */
function replaceGenerated (page: string, text: string): string {
  return page.replace(/(<!-- generated: [^\n]* -->\n).*(<!-- end of what is generated -->)/s,
    (_whole, begin: string, end: string) => `${begin}\n${text}\n${end}`)
}

async function main (): Promise<void> {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  for (const { path, render } of documents) {
    const current = await readFile(path, 'utf8')
    const text = render(current)
    if (!values.check) {
      await writeFile(path, text)
      console.log(`Wrote ${path}.`)
    } else if (current === text) {
      console.log(`${path} is up to date.`)
    } else {
      console.error(`${path} differs from the code: run npm run docs.`)
      process.exitCode = 1
    }
  }
}

await main()
