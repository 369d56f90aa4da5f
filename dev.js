/* Runs the service, and restarts it after every change of a source file, for `npm run dev`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { join } from 'node:path'
import { context } from 'esbuild'
import { bundle, bundleOptions } from './bundle.js'
import { bundlePage } from './bundle-page.js'

const folder = join(import.meta.dirname, 'dist')
/** @type {import('node:child_process').ChildProcess | undefined} */
let server

async function restart () {
  if (server !== undefined && server.exitCode === null && server.signalCode === null) {
    server.kill('SIGTERM')
    await once(server, 'exit')
  }
  server = spawn(process.execPath, ['--enable-source-maps', join(folder, 'server.js')], { stdio: 'inherit' })
}

// Routes that have been removed since an earlier build must not be left behind.
await bundle(folder)
const restarting = {
  name: 'restart',
  setup: (/** @type {import('esbuild').PluginBuild} */ { onEnd }) => {
    onEnd(async ({ errors }) => { if (errors.length === 0) await restart() })
  },
}
const watched = await context({ ...await bundleOptions(folder), plugins: [restarting] })
await watched.watch()
/** @type {NodeJS.Timeout | undefined} */
let pageChange
// An editor may write a file in several steps.
const pageWatcher = watch(join(import.meta.dirname, 'page'), { recursive: true }, () => {
  clearTimeout(pageChange)
  pageChange = setTimeout(async () => {
    // The build has already printed what is wrong.
    if (await bundlePage(join(folder, 'page')).catch(() => undefined) !== undefined) await restart()
  }, 100)
})
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    pageWatcher.close()
    await watched.dispose()
    server?.kill('SIGTERM')
  })
}
