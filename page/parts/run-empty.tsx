import { strings } from '../text/strings.js'
import { Command } from './command.js'

/** A run without files: how to put some there. */
export function RunEmpty ({ run }: { run: { workflowId: string, runId: string } }) {
  return (
    <div class='empty drop-here'>
      <p>{strings.run.none}</p>
      <Command {...run} />
    </div>
  )
}
