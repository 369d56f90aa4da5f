import { hash } from 'node:crypto'

/** A page of the files that a share link leads to. */
export interface SharePage {
  /** What their paths begin with; empty for all files of the run. */
  prefix: string
  folders: ReadonlyArray<{ path: string, href: string }>
  files: ReadonlyArray<{ path: string, direction: string, bytes: number, createdAt: string | null, href: string }>
  expiresAt: Date
  /** The address of all files as one archive. */
  archiveHref: string
  /** The address of the next page; undefined on the last page. */
  nextHref: string | undefined
}

const STYLE = 'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}' +
  'table{border-collapse:collapse;width:100%}th,td{padding:.4rem .6rem;text-align:left;border-bottom:1px solid #767676;overflow-wrap:anywhere}' +
  'th:nth-child(n+3),td:nth-child(n+3){text-align:right;white-space:nowrap}a{color:#0645ad}' +
  '@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#181818}a{color:#8ab4f8}}'

/**
 * The page runs no script, loads nothing and sends nothing, whatever the names of files say. Its address is the permission, so
 * it is neither cached, nor passed on as a referrer, nor indexed.
 */
export const sharePageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
} as const

/** Writes the page as HTML. */
export function sharePageDocument ({ prefix, folders, files, archiveHref, expiresAt, nextHref }: SharePage): string {
  const title = prefix === '' ? 'Shared files' : `Shared files: ${prefix}`
  const nameOf = (path: string) => path.slice(prefix.lastIndexOf('/') + 1)
  const rows = [
    ...folders.map(({ path, href }) => row([link(href, nameOf(path)), 'folder', '', ''])),
    ...files.map(({ path, direction, bytes, createdAt, href }) =>
      row([link(href, nameOf(path)), direction === 'inputs' ? 'input' : 'output', sizeOf(bytes), createdAt === null ? '' : time(createdAt)])),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1><bdi>${escape(title)}</bdi></h1>
<p>These links end on ${time(expiresAt.toISOString())}, or when they are revoked.</p>
${rows.length === 0 ? '<p>There are no files.</p>' : `<p>All of them: <a href="${escape(archiveHref)}">as a ZIP archive</a>, <a href="${escape(archiveHref)}?format=tar">as a TAR archive</a>.</p>\n${table(rows)}`}
${nextHref === undefined ? '' : `<p><a href="${escape(nextHref)}" rel="next">More files</a></p>`}
</main>
</body>
</html>
`
}

function table (rows: readonly string[]): string {
  return `<table>
<thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Size</th><th scope="col">Stored</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
}

function row (cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}

/** A name may be written from right to left, which must not reorder the text around it. */
function link (href: string, name: string): string {
  return `<a href="${escape(href)}"><bdi>${escape(name)}</bdi></a>`
}

function time (timestamp: string): string {
  return `<time datetime="${timestamp}">${timestamp.slice(0, 16).replace('T', ' ')} UTC</time>`
}

const units = ['kB', 'MB', 'GB', 'TB']

/** In decimal units, with three digits. */
function sizeOf (bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length)
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power - 1] ?? ''}`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

function escape (text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
