import { connect } from '../../transfer/connection.js'
import { TransferError } from '../../transfer/failures.js'
import { SHARE_HELP, runShare } from '../share-links.js'
import type { Subcommand } from './subcommand.js'

export const share: Subcommand = {
  help: SHARE_HELP.replaceAll('npm run --silent share --', 'npx objects-storage share'),
  run: async (args, signal) => await runShare(args, signal, async (url) => {
    const { createClient } = await connect(url, process.env)
    const client = createClient()
    client.use({
      onError: ({ error }) => error instanceof TransferError ? error : new TransferError('The service does not answer at its address.'),
    })
    return client
  }),
}
