import { parseArgs } from 'node:util'
import { revokeAllShares } from '../db/shares/revocations.js'
import { ORG_KEY_PATTERN } from '../objects/object-key.js'
import { runCommand, withService } from './command.js'
import { EXIT_CLEAN, UsageError } from './outcome.js'

const HELP = `Ends the share links that were made so far, of all organisations or of one. Run it after a restore of the
database: links that were revoked since the backup would otherwise work again.

  npm run end-shares -- [--org KEY]

  --org  the organisation's key; without it, all organisations

It writes to the database that the service uses, and works while the service runs. Every replica refuses the links within a second.

Exit code: 0 done, 2 it could not run.
`

runCommand(HELP, async () => {
  const { values } = parseArgs({ options: { org: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } } })
  if (values.help) return undefined
  const { org: orgKey = '' } = values
  if (orgKey !== '' && !new RegExp(ORG_KEY_PATTERN).test(orgKey)) throw new UsageError('--org must be an organisation\'s key.')
  await withService(async ({ database }) => { await revokeAllShares(database, orgKey) })
  console.log(orgKey === '' ? 'Every share link made so far has ended.' : `Every share link of ${orgKey} made so far has ended.`)
  return EXIT_CLEAN
})
