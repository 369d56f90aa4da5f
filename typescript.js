/*
 * Lets Node.js run the project's TypeScript as it is: `node --import ./typescript.js bench/run.ts`. Stack traces and coverage
 * name the TypeScript's own lines.
 */
import { register } from 'node:module'

// Otherwise it loads no plugin that is TypeScript.
process.env.FASTIFY_AUTOLOAD_TYPESCRIPT = '1'
register('./typescript-hooks.js', import.meta.url)
