import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { access } from './settings/access.js'
import { files } from './settings/files.js'
import { limits } from './settings/limits.js'
import { parts } from './settings/parts.js'
import { service } from './settings/service.js'
import { usage } from './settings/usage.js'

/*
 * Every setting is declared once, in settings/: its form, its default and what people are told about it. `npm run docs` writes
 * docs/configuration.md and .env.example from here. A description is Markdown, and ends with what holds where nothing is set.
 */

/** The settings as the documents show them. */
export const settingGroups: Array<{ title: string, settings: Record<string, TSchema> }> = [
  { title: 'The service', settings: service },
  { title: 'Database and object storage', settings: parts },
  { title: 'Who may do what', settings: access },
  { title: 'Limits', settings: limits },
  { title: 'Downloads and uploads', settings: files },
  { title: 'Usage', settings: usage },
]

/** The environment variables that the service reads. */
export const ConfigSchema = Type.Object({ ...service, ...parts, ...access, ...limits, ...files, ...usage })

/** The service's configuration, checked and with defaults filled in. */
export type Config = Static<typeof ConfigSchema>
