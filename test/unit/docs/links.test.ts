import { access, readFile, readdir } from 'node:fs/promises'
import t from 'tap'

const root = new URL('../../../', import.meta.url)
const inDocs = (await readdir(new URL('docs/', root), { recursive: true })).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'deploy/README.md', ...inDocs]

/** The fragments that link to a page's headings, as GitHub forms them. */
function anchorsOf (page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}

t.test('every page links to what is there', async (t) => {
  for (const path of pages) {
    const address = new URL(path, root)
    const links = [...(await readFile(address, 'utf8')).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link = '']) => link)
    for (const link of links) {
      const target = new URL(link, address)
      const fragment = decodeURIComponent(target.hash.slice(1))
      target.hash = ''
      await t.resolves(access(target), `${path}: ${link}`)
      if (fragment !== '') t.ok(anchorsOf(await readFile(target, 'utf8')).includes(fragment), `${path}: ${link}`)
    }
  }
})

t.test('README.md has 200 lines at most, and leads to every page of docs/', async (t) => {
  const readme = await readFile(new URL('README.md', root), 'utf8')
  t.ok(readme.split('\n').length <= 200)
  for (const path of inDocs) if (!path.startsWith('docs/decisions/')) t.ok(readme.includes(`](${path})`), path)
})
