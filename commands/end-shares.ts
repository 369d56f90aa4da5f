import { parseArgs } from 'node:util'
import { revokeAllShares } from '../db/shares/revocations.js'
import { ORG_KEY_PATTERN } from '../objects/object-key.js'
import { runCommand, withService } from './command.js'
import { EXIT_CLEAN, UsageError } from './outcome.js'

const HELP = `Ends the share links that were made until now, of all organisations or of one. After a restore of the database this is how
those stay revoked that were revoked since the backup.

  npm run end-shares -- [--org KEY]

  --org  the organisation's key; without it, all organisations

It writes to the database that the service uses, and works while the service runs. Every replica refuses the links within a second.

Exit code: 0 it did, 2 it could not.
`

runCommand(HELP, async () => {
  const { values } = parseArgs({ options: { org: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } } })
  if (values.help) return undefined
  const { org: orgKey = '' } = values
  if (orgKey !== '' && !new RegExp(ORG_KEY_PATTERN).test(orgKey)) throw new UsageError('--org must be an organisation\'s key.')
  await withService(async ({ database }) => { await revokeAllShares(database, orgKey) })
  console.log(orgKey === '' ? 'Every share link that was made until now has ended.' : `Every share link of ${orgKey} that was made until now has ended.`)
  return EXIT_CLEAN
})
