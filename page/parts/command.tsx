import { base } from '../state/router.js'
import { strings } from '../text/strings.js'
import { CopyButton } from './copy-button.js'

/** The command that puts a folder's files into a run. It takes the token from the environment, so that none is shown. */
export function Command ({ workflowId, runId }: { workflowId: string, runId: string }) {
  const command = `npx objects-storage put ./folder/ --inputs --workflow ${workflowId} --run ${runId} --url ${base.href.replace(/\/$/, '')}`
  return (
    <div class='command'>
      <pre tabIndex={0} aria-label={strings.workflows.help}><code>{command}</code></pre>
      <CopyButton text={command} />
    </div>
  )
}
