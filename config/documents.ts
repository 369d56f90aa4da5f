import type { TSchema } from '@sinclair/typebox'
import { settingGroups } from './settings.js'

const COMMENT_WIDTH = 126

const HEADER = 'Every setting of the service: `npm run docs` writes this file. Copy it to .env in the same folder: the ' +
  'service, its commands and `docker compose up` read that file, and variables in the environment take precedence. An empty ' +
  'value counts as unset: the default applies. The values below are the defaults.'

/** Settings that only docker-compose.yml reads. */
const composeSettings = [
  { name: 'POSTGRES_PASSWORD', value: '', comment: 'Password of its PostgreSQL: letters and digits, since it is part of a URL.' },
  {
    name: 'PUBLISH_ADDRESS',
    value: '127.0.0.1',
    comment: 'Address at which it publishes the service (port 3000) and the storage (port 9000); 0.0.0.0 is all of them.',
  },
]

/** The settings as Markdown: a heading and a table for each group. */
export function settingsTables (): string {
  return settingGroups.map(({ title, settings }) => {
    const rows = Object.entries(settings).map(([name, schema]) =>
      `| ${code(name)} |${schema.default === undefined ? '' : ` ${code(schema.default)}`} | ${describe(schema, code)} |`)
    return `## ${title}\n\n| Variable | Default | Meaning |\n|---|---|---|\n${rows.join('\n')}\n`
  }).join('\n')
}

/**
 * The text of `.env.example`: every setting with its default, except `NODE_ENV`, which depends on how the service is started.
 */
export function environmentExample (): string {
  const groups = settingGroups.map(({ title, settings }) => section(title, Object.entries(settings)
    .filter(([name]) => name !== 'NODE_ENV')
    .map(([name, schema]) => ({ name, value: schema.default ?? '', comment: describe(schema, String) }))))
  return [comment(HEADER), ...groups, section('For docker-compose.yml only', composeSettings)].join('\n')
}

function section (title: string, settings: Array<{ name: string, value: unknown, comment: string }>): string {
  return `# --- ${title} ---\n\n${settings.map(({ name, value, comment: text }) => `${comment(text)}${name}=${value}\n`).join('')}`
}

const code = (value: unknown) => `\`${value}\``

/** The description, with the range of a number and an example. */
function describe (schema: TSchema, quote: (example: unknown) => string): string {
  const { description = '', minimum, maximum, examples: [example] = [] } = schema
  const range = minimum === undefined ? '' : ` From ${minimum} to ${maximum}.`
  return `${description}${range}${example === undefined ? '' : ` Example: ${quote(example)}`}`
}

/** The text as comment lines, none longer than a line of this code. */
function comment (text: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > COMMENT_WIDTH) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].map((content) => `# ${content}\n`).join('')
}
