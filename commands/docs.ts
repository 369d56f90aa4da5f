import { readFile, writeFile } from 'node:fs/promises'
import { environmentExample, settingsTables } from '../config/documents.js'
import { errorsTable } from '../schemas/error-documents.js'

/** What is written from the code: a file, and its text as it should be, from its text as it is. */
const documents: Array<{ path: string, render: (current: string) => string }> = [
  { path: '.env.example', render: environmentExample },
  { path: 'docs/configuration.md', render: (current) => replaceGenerated(current, settingsTables()) },
  { path: 'docs/errors.md', render: (current) => replaceGenerated(current, errorsTable()) },
]

/** Replaces what stands between the two comments that enclose the generated part of a page. */
function replaceGenerated (page: string, text: string): string {
  return page.replace(/(<!-- generated: [^\n]* -->\n).*(<!-- end of what is generated -->)/s,
    (_whole, begin: string, end: string) => `${begin}\n${text}\n${end}`)
}

/** Writes the documents that follow from the code; with `--check` only says which of them differ. */
async function main (): Promise<void> {
  for (const { path, render } of documents) {
    const current = await readFile(path, 'utf8')
    const text = render(current)
    if (!process.argv.includes('--check')) {
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
