import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { Value } from '@sinclair/typebox/value'
import { loadConfig } from '../config.js'
import { CallerSchema } from '../schemas/token-claims.js'
import { runCommand } from './command.js'
import { readLifetime } from './lifetime.js'
import { mintToken } from './mint-token.js'
import { EXIT_CLEAN, UsageError } from './outcome.js'

const HELP = `Signs a token with the service's own secret: JWT_SECRET, or that of its data directory.

  npm run --silent token -- --role service --org demo [--user UUID] [--expires-in 1d]

  --role        member, admin or service
  --org         the organisation's key
  --user        whose token it is (by default a new user's)
  --expires-in  how long it is valid: 90s, 15m, 12h or 30d (1d)

It prints the token and nothing else. Anyone who has it may do what its role may, until it expires.

Exit code: 0 done, 2 it could not run.
`
const YEAR_DAYS = 366

runCommand(HELP, async () => {
  const { values } = parseArgs({
    options: {
      role: { type: 'string' },
      org: { type: 'string' },
      user: { type: 'string', default: randomUUID() },
      'expires-in': { type: 'string', default: '1d' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const caller = { roles: [values.role], orgKey: values.org, userId: values.user.toLowerCase() }
  if (!Value.Check(CallerSchema, caller)) throw new UsageError(wrongOption(Value.Errors(CallerSchema, caller).First()?.path))
  console.log(await mintToken(loadConfig(process.env), caller, readLifetime(values['expires-in'], YEAR_DAYS)))
  return EXIT_CLEAN
})

function wrongOption (path: string | undefined): string {
  switch (path) {
    case '/roles/0': return '--role must be member, admin or service.'
    case '/orgKey': return '--org must be an organisation\'s key: lower-case letters, digits and hyphens, 63 at most.'
    default: return '--user must be a UUID.'
  }
}
