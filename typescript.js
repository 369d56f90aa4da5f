/*
 * Lets Node.js run the project's TypeScript directly: `node --import ./typescript.js bench/run.ts`. Stack traces and coverage
 * refer to lines of the TypeScript.
 */
import { register } from 'node:module'
import { bundlePageIfChanged } from './bundle-page.js'

// Otherwise it would not load plugins written in TypeScript.
process.env.FASTIFY_AUTOLOAD_TYPESCRIPT = '1'
register('./typescript-hooks.js', import.meta.url)
// The service serves its page, which has to be bundled for browsers.
await bundlePageIfChanged()
